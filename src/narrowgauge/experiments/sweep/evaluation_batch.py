"""Points whose passes are the same list of kernels, evaluated as columns.

Each distinct row of each kernel is priced once per machine that it occurs on, all of a variant in one call; then the passes are
assembled by the very functions that `predict` uses, with a column wherever those have a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.archmodels import Machine, MachineRows
from narrowgauge.calibration.basis import Relation, basis_of
from narrowgauge.calibration.calibrated import Priced
from narrowgauge.experiments.fidelity import price_at
from narrowgauge.experiments.lowering import COLUMNS
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_passes import FRAMEWORK_LINE, Line, Pass, Weighted, assemble
from narrowgauge.experiments.predict_pricing import CallPrice, Key
from narrowgauge.experiments.predict_reasons import BINDS
from narrowgauge.experiments.predict_request import Request
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.experiments.sweep.columns import BOUND_BY, HIGH, LOW, OWN_SHARE, QUANTITIES
from narrowgauge.workloads import MemoryFootprint, Phase

Column = npt.NDArray[Any]
Machines = Machine | MachineRows
RESOURCES = tuple(BINDS)
BLOCK = 2048  # points evaluated at once: their columns stay in the processor's cache


@dataclass(frozen=True)
class Lowered:
    """A request that fits, and the calls of its passes."""

    request: Request
    memory: MemoryFootprint
    prefill: tuple[Weighted, ...]
    decode: tuple[Weighted, ...]

    @cached_property
    def signature(self) -> tuple[Any, ...]:
        """Equal for requests whose calls differ in nothing but the sizes of their rows."""
        return tuple(
            tuple((w.call.operator, w.call.family, w.call.variant, w.call.count, w.call.quantizes, w.weight) for w in calls)
            for calls in (self.prefill, self.decode)
        )

    @cached_property
    def calls(self) -> tuple[Weighted, ...]:
        """Of both passes."""
        return (*self.prefill, *self.decode)


@dataclass(frozen=True)
class _Slots:
    """The calls of one variant: their places among all calls, the distinct rows of their columns, and which one each request
    has in each place, shape (requests, places)."""

    key: Key
    places: tuple[int, ...]
    rows: Column
    ids: Column


def evaluate_alike(requests: Sequence[Lowered], of: Column, on: Machine, varied: Mapping[str, Column]) -> dict[str, Column]:
    """Result columns of points. `of` says which of `requests`, which have the same signature, each one is; `varied` holds
    numbers of the specification per point, `on` the machine with those of one of them.

    Raises UnsupportedError if the machine cannot run a kernel."""
    slots = _slots(requests)
    order = np.argsort(of, kind="stable")
    parts = []
    for start in range(0, len(of), BLOCK):
        block = order[start : start + BLOCK]
        machines: Machines = MachineRows(on, {path: column[block] for path, column in varied.items()}) if varied else on
        parts.append(_outcome(_predicted(requests, slots, of[block], machines)))
    back = np.argsort(order, kind="stable")
    return {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}


def _slots(requests: Sequence[Lowered]) -> list[_Slots]:
    places: dict[Key, list[int]] = {}
    for place, weighted in enumerate(requests[0].calls):
        places.setdefault((weighted.call.family, weighted.call.variant), []).append(place)
    found = []
    for key, mine in places.items():
        rows: dict[tuple[float, ...], int] = {}
        ids = [[rows.setdefault(lowered.calls[place].call.row, len(rows)) for place in mine] for lowered in requests]
        found.append(_Slots(key, tuple(mine), np.array(list(rows), float), np.array(ids)))
    return found


def _predicted(requests: Sequence[Lowered], slots: list[_Slots], of: Column, machines: Machines) -> Prediction:
    """One prediction whose numbers are columns, an entry per point."""
    request = requests[0].request
    prices: dict[int, CallPrice] = {}
    for each in slots:
        prices.update(_priced(each, of, machines, request))
    batch, output, memory = _sizes(requests, of)
    passes: Any = []
    first = 0
    for phase, calls, times in ((Phase.PREFILL, requests[0].prefill, 1), (Phase.DECODE, requests[0].decode, output - 1)):
        placed = [_placed(requests, first + i, weighted, of) for i, weighted in enumerate(calls)]
        table = {((w.call.family, w.call.variant), w.call.row): prices[first + i] for i, w in enumerate(placed)}
        passes.append(assemble(phase, times, placed, table, machines, request.framework, batch * request.model.vocab))
        first += len(calls)
    step = request.framework.step
    interval = step.interval if step is not None else (0.0, 0.0)
    available: Any = machines.resources.memory_gb
    return Prediction(
        batch=batch,
        output_tokens=output,
        gpus=request.tp,
        prefill=passes[0],
        decode=passes[1],
        memory=memory,
        memory_available_gb=available,
        interval=interval,
        manifest={},
        warnings=(),
    )


def _sizes(requests: Sequence[Lowered], of: Column) -> tuple[Any, Any, MemoryFootprint]:
    """Batch, output tokens and memory of each point."""
    batch = np.array([lowered.request.batch for lowered in requests])[of]
    output = np.array([lowered.request.output_tokens for lowered in requests])[of]
    table = np.array([astuple(lowered.memory) for lowered in requests])[of]
    return batch, output, MemoryFootprint(*table.T)


def _placed(requests: Sequence[Lowered], place: int, weighted: Weighted, of: Column) -> Weighted:
    """The call at a place for all points: its row is the place, what it moves a column."""
    moved: Any = np.array([lowered.calls[place].call.quantize_bytes for lowered in requests])[of]
    return replace(weighted, call=replace(weighted.call, row=(float(place),), quantize_bytes=moved))


def _priced(slots: _Slots, of: Column, machines: Machines, request: Request) -> dict[int, CallPrice]:
    """Prices of the calls of one variant by their place, as columns over the points."""
    family, variant = slots.key
    wanted = slots.ids[of]
    count = len(slots.rows)
    if isinstance(machines, MachineRows):
        wanted = wanted + count * np.arange(len(of))[:, None]
    distinct, inverse = np.unique(wanted, return_inverse=True)
    inverse = inverse.reshape(wanted.shape)
    columns = dict(zip(COLUMNS[family], slots.rows[distinct % count].T.copy(), strict=True))
    on = machines.take(distinct // count) if isinstance(machines, MachineRows) else machines
    priced = price_at(request.fidelity, on, family, variant, columns, request.physics_only)
    basis = basis_of(family, variant, machines.machine if isinstance(machines, MachineRows) else machines)
    table = _Table.of(priced, basis.relation)
    return {place: table.take(inverse[:, i]) for i, place in enumerate(slots.places)}


@dataclass(frozen=True)
class _Table:
    """The priced rows of one variant, as `predict_pricing` reads them, with resources as places in `RESOURCES`."""

    latency_us: tuple[Column, Column, Column]
    quantize_us: Column
    bound_by: Column
    actions: Mapping[str, Column]
    source: Column | None
    relation: Relation

    @staticmethod
    def of(priced: Priced, relation: Relation) -> _Table:
        latency, cost = priced.latency_us, priced.cost
        scale = latency / cost.latency_us
        quantize = np.asarray(cost.choice["quantize_us"]) * scale if "quantize_us" in cost.choice else np.zeros(len(latency))
        resource = np.array([RESOURCES.index(name) for name in cost.busy_us], np.int8)
        return _Table(
            latency_us=(latency, priced.latency_us_low, priced.latency_us_high),
            quantize_us=quantize,
            bound_by=resource[cost.busiest()],
            actions={name: np.asarray(column, float) for name, column in cost.actions.items()},
            source=np.array(["outside" not in words for words in priced.source]) if relation is Relation.OWN else None,
            relation=relation,
        )

    def take(self, rows: Column) -> CallPrice:
        """The rows' prices as columns; `source` says whether they are within the fit's range."""
        value, low, high = (column[rows] for column in self.latency_us)
        quantize_us, bound_by, source = self.quantize_us[rows], self.bound_by[rows], self.source
        return CallPrice(
            latency_us=Estimate(value, low, high),  # type: ignore[arg-type]
            quantize_us=quantize_us,  # type: ignore[arg-type]
            bound_by=bound_by,  # type: ignore[arg-type]
            choice={},
            actions={name: column[rows] for name, column in self.actions.items()},  # type: ignore[misc]
            source=source[rows] if source is not None else "",  # type: ignore[arg-type]
            relation=self.relation,
        )


def _outcome(answer: Prediction) -> dict[str, Column]:
    """The result columns of a prediction of columns."""
    rows = len(np.asarray(answer.batch))
    found: dict[str, Column] = {}
    for name, attribute in QUANTITIES.items():
        estimate: Estimate = getattr(answer, attribute)
        for end, column in (("", estimate.value), (LOW, estimate.low), (HIGH, estimate.high)):
            found[f"{name}{end}"] = np.broadcast_to(np.asarray(column, float), (rows,))
    phases = (answer.prefill, answer.decode)
    for name, phase in zip(BOUND_BY, phases, strict=True):
        found[name] = _bound_by(phase, rows)
    found[OWN_SHARE] = _own_share(phases, rows)
    return found


def _bound_by(phase: Pass, rows: int) -> Column:
    """The resource that binds the lines which take most of the time together."""
    spent = np.zeros((len(RESOURCES), rows))
    for line in phase.lines:
        bound: Any = RESOURCES.index(line.bound_by) if isinstance(line.bound_by, str) else line.bound_by
        spent[np.broadcast_to(bound, (rows,)), np.arange(rows)] += line.total_us.value
    names: Column = np.array(RESOURCES, dtype=object)
    return np.asarray(names[np.argmax(spent, axis=0)])


def _own_share(phases: tuple[Pass, Pass], rows: int) -> Column:
    """Share of the kernels' time that the machine's own fits price within their range."""
    total, own = np.zeros(rows), np.zeros(rows)
    for phase in phases:
        for line in phase.lines:
            if line.operator != FRAMEWORK_LINE:
                spent = phase.passes * line.total_us.value
                total += spent
                own += spent * _within(line)
    return own / total


def _within(line: Line) -> Any:
    return line.source if line.relation == Relation.OWN else 0.0
