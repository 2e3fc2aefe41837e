"""A forward pass as a table: one line per operator, their sum with its interval, and the framework's step cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from narrowgauge.archmodels import Machine, MachineRows
from narrowgauge.experiments.lowering_call import Call
from narrowgauge.experiments.predict_estimate import ZERO, Estimate, independent, total
from narrowgauge.experiments.predict_pricing import CallPrice, Key, energy_of
from narrowgauge.experiments.serving import Framework
from narrowgauge.workloads import Phase

#: conventional interval of dynamic energy: every component energy is assumed (`archmodels/energy`), none is calibrated yet
ENERGY_FACTOR = 1.5
FRAMEWORK_LINE = "framework"
Prices = Mapping[tuple[Key, tuple[float, ...]], CallPrice]


@dataclass(frozen=True, slots=True)
class Weighted:
    """A call that stands for the share `weight` of the passes of its phase (decode: one context of many)."""

    call: Call
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """One operator in a mean pass on one GPU: `count` executions of `latency_us` each are `total_us`."""

    phase: Phase
    operator: str
    kernel: str
    variant: str
    count: int
    latency_us: float
    total_us: Estimate
    bound_by: str
    choice: Mapping[str, float | str]
    source: str
    relation: str
    energy_mj: float
    actions: Mapping[str, float]
    device: str = ""  #: of a heterogeneous machine, where it runs

    def to_json(self, pass_us: float) -> dict[str, Any]:
        """Plain data; `pass_us` is what `share` refers to."""
        return {
            "phase": str(self.phase),
            "operator": self.operator,
            "kernel": self.kernel,
            "variant": self.variant,
            "count": self.count,
            "latency_us": self.latency_us,
            "total_us": self.total_us.value,
            "total_us_low": self.total_us.low,
            "total_us_high": self.total_us.high,
            "share": self.total_us.value / pass_us,
            "bound_by": self.bound_by,
            "choice": dict(self.choice),
            "source": self.source,
            "relation": self.relation,
            "energy_mj": self.energy_mj,
            "actions": dict(self.actions),
        } | ({"device": self.device} if self.device else {})


@dataclass(frozen=True)
class Pass:
    """The mean pass of a phase, which runs `passes` times. `kernels_us` holds the sum of each variant, `step_us` the framework's
    part; `lines` add up to both."""

    phase: Phase
    passes: int
    lines: tuple[Line, ...]
    kernels_us: Mapping[Key, Estimate]
    step_us: Estimate
    static_w: float

    @property
    def latency_us(self) -> Estimate:
        """Time of one pass."""
        return independent((*self.kernels_us.values(), self.step_us))

    @property
    def kernels_alone_us(self) -> float:
        """Time of the kernels of one pass, back to back."""
        return total(line.total_us.value for line in self.lines if line.operator != FRAMEWORK_LINE)

    @property
    def kernel_count(self) -> int:
        """Kernels that a pass launches."""
        return sum(line.count for line in self.lines if line.operator != FRAMEWORK_LINE)

    @property
    def energy_mj(self) -> float:
        """Energy of one pass on one GPU: the sum of its lines."""
        return total(line.energy_mj for line in self.lines)


def assemble(
    phase: Phase,
    passes: int,
    calls: Iterable[Weighted],
    prices: Prices,
    machine: Machine | MachineRows,
    framework: Framework,
    logits: int,
) -> Pass:
    """The table of a pass whose calls have been priced; `logits` is batch × vocabulary, what is sampled from.

    Prices may be columns, one entry per configuration, with a machine per row; so are the numbers of the pass then."""
    by_operator: dict[str, list[Weighted]] = {}
    groups: dict[Key, Estimate] = {}
    for weighted in calls:
        by_operator.setdefault(weighted.call.operator, []).append(weighted)
        call, key = weighted.call, (weighted.call.family, weighted.call.variant)
        spent = _latency(call, prices[key, call.row]).scaled(call.count * weighted.weight)
        groups[key] = groups.get(key, ZERO) + spent
    lines = [line for entries in by_operator.values() for line in _lines(phase, entries, prices, machine)]
    step = ZERO
    if framework.step is not None:
        number, spent_us = sum(line.count for line in lines), total(line.total_us.value for line in lines)
        cost = framework.step.overhead_us(phase is Phase.PREFILL, number, spent_us, logits)
        step = Estimate(cost.value, cost.low, cost.high)
        lines += [_framework_line(phase, framework, step, machine)] if np.any(step.value > 0) else []
    return Pass(phase, passes, tuple(lines), groups, step, machine.resources.static_w)


def _latency(call: Call, price: CallPrice) -> Estimate:
    """What the call is charged: without the quantise kernel of another number of rows."""
    if not call.strips_quantize:
        return price.latency_us
    return price.latency_us.scaled(1.0 - price.quantize_us / price.latency_us.value)


def _lines(phase: Phase, entries: list[Weighted], prices: Prices, machine: Machine | MachineRows) -> Iterable[Line]:
    """The line of an operator over its contexts, with the texts of the middle one; a contained quantise kernel comes first."""
    found = [prices[(e.call.family, e.call.variant), e.call.row] for e in entries]
    middle, call = found[len(found) // 2], entries[0].call
    spent = ZERO
    actions: dict[str, float] = {}
    for entry, price in zip(entries, found, strict=True):
        spent = spent + _latency(entry.call, price).scaled(entry.weight * call.count)
        for name, amount in price.actions.items():
            actions[name] = actions.get(name, 0.0) + amount * entry.weight * call.count
    if call.quantizes:
        part = middle.quantize_us / middle.latency_us.value
        moved = {"l2_byte": call.quantize_bytes * call.count}
        yield _line(phase, call.quantizes, call, spent.scaled(part), moved, middle, machine, bound_by="launch", choice={})
        spent = spent.scaled(1.0 - part)
    yield _line(phase, call.operator, call, spent, actions, middle, machine, middle.bound_by, middle.choice)


def _line(
    phase: Phase,
    operator: str,
    call: Call,
    total: Estimate,
    actions: Mapping[str, float],
    price: CallPrice,
    machine: Machine | MachineRows,
    bound_by: str,
    choice: Mapping[str, float | str],
) -> Line:
    return Line(
        phase=phase,
        operator=operator,
        kernel=call.family,
        variant=str(call.variant),
        count=call.count,
        latency_us=total.value / call.count,
        total_us=total,
        bound_by=bound_by,
        choice=choice,
        source=price.source,
        relation=str(price.relation),
        energy_mj=energy_of(actions, total.value, machine),
        actions=actions,
    )


def _framework_line(phase: Phase, framework: Framework, step: Estimate, machine: Machine | MachineRows) -> Line:
    return Line(
        phase=phase,
        operator=FRAMEWORK_LINE,
        kernel=FRAMEWORK_LINE,
        variant=framework.name,
        count=1,
        latency_us=step.value,
        total_us=step,
        bound_by="host",
        choice={},
        source=f"fit of whole models, {framework.step.version}" if framework.step else "",
        relation="own",
        energy_mj=energy_of({}, step.value, machine),
        actions={},
    )
