"""Prices the calls of all passes: every variant once, equal rows once, all of them in one vectorised call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.archmodels import Machine, MachineRows, energy_mj
from narrowgauge.calibration.basis import Relation, basis_of
from narrowgauge.calibration.calibrated import Priced
from narrowgauge.dataflows.family import Variant
from narrowgauge.experiments.fidelity import Fidelity, price_at
from narrowgauge.experiments.lowering import COLUMNS
from narrowgauge.experiments.lowering_call import Call
from narrowgauge.experiments.predict_estimate import Estimate


@dataclass(frozen=True, slots=True)
class CallPrice:
    """Price of one execution of a call. `quantize_us` is the part that a contained quantise kernel takes."""

    latency_us: Estimate
    quantize_us: float
    bound_by: str
    choice: Mapping[str, float | str]
    actions: Mapping[str, float]
    source: str
    relation: Relation


Key = tuple[str, Variant]


def price_calls(
    calls: Iterable[Call], machine: Machine, fidelity: Fidelity, physics_only: bool
) -> dict[tuple[Key, tuple[float, ...]], CallPrice]:
    """Prices by family, variant and row. Raises UnsupportedError if the machine cannot run a variant."""
    rows: dict[Key, dict[tuple[float, ...], None]] = {}
    for call in calls:
        rows.setdefault((call.family, call.variant), {})[call.row] = None
    found: dict[tuple[Key, tuple[float, ...]], CallPrice] = {}
    for key, distinct in rows.items():
        wanted = list(distinct)
        found.update(
            zip(((key, row) for row in wanted), _price_variant(key, wanted, machine, fidelity, physics_only), strict=True)
        )
    return found


def _price_variant(
    key: Key, rows: list[tuple[float, ...]], machine: Machine, fidelity: Fidelity, physics_only: bool
) -> list[CallPrice]:
    family, variant = key
    table = np.array(rows, dtype=float).T
    columns = dict(zip(COLUMNS[family], table, strict=True))
    priced = price_at(fidelity, machine, family, variant, columns, physics_only)
    return _collect(priced, basis_of(family, variant, machine).relation)


def _collect(priced: Priced, relation: Relation) -> list[CallPrice]:
    cost, latency = priced.cost, priced.latency_us
    times = zip(latency.tolist(), priced.latency_us_low.tolist(), priced.latency_us_high.tolist(), strict=True)
    scale = latency / cost.latency_us
    quantize = (np.asarray(cost.choice["quantize_us"]) * scale).tolist() if "quantize_us" in cost.choice else [0.0] * len(latency)
    choices = {name: np.asarray(column).tolist() for name, column in cost.choice.items() if name != "quantize_us"}
    actions = {name: np.asarray(column, float).tolist() for name, column in cost.actions.items()}
    bound_by = np.asarray(priced.bound_by).tolist()
    return [
        CallPrice(
            latency_us=Estimate(*time),
            quantize_us=quantize[i],
            bound_by=bound_by[i],
            choice={name: column[i] for name, column in choices.items()},
            actions={name: column[i] for name, column in actions.items()},
            source=str(priced.source[i]),
            relation=relation,
        )
        for i, time in enumerate(times)
    ]


def energy_of(actions: Mapping[str, float], latency_us: float, machine: Machine | MachineRows) -> float:
    """Millijoules of actions that take `latency_us`: first order, assumed (`archmodels.energy`). Columns give a column."""
    columns = {name: np.asarray(count) for name, count in actions.items()}
    energy, _ = energy_mj(columns, np.asarray(latency_us), machine.resources)
    return energy  # type: ignore[return-value]  # a number of numpy's where the input is one
