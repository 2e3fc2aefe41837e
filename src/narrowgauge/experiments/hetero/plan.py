"""What a pass does: operators in order, each with the ways in which it can run.

A way is stages one after another; the lines of a stage run side by side, each on the device that it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_passes import Line
from narrowgauge.workloads import Phase

HOST, PIM, BOTH, LINK = "host", "pim", "both", "link"

Stage = tuple[Line, ...]
Way = tuple[Stage, ...]


@dataclass(frozen=True)
class Operator:
    """`count` executions, each in one of `ways`; `refusals` says why the PIM memory is not among them."""

    name: str
    count: int
    ways: Mapping[str, Way]
    refusal: str = ""


Placement = Mapping[str, str]  # way by operator


def lines_of(way: Way) -> Iterable[Line]:
    """Its lines, in order."""
    return (line for stage in way for line in stage)


def latency_us(way: Way) -> float:
    """One execution with nothing else on the machine."""
    return sum(max(line.latency_us for line in stage) for stage in way)


def device_line(
    phase: Phase,
    operator: str,
    device: str,
    count: int,
    latency_us: float,
    interval: float,
    bound_by: str,
    source: str,
    relation: str,
    energy_mj: float,
    actions: Mapping[str, float],
    choice: Mapping[str, float | str] | None = None,
) -> Line:
    """A line of a device that no kernel fit stands behind; latency and energy of one execution."""
    total = Estimate(latency_us, latency_us / (1 + interval), latency_us * (1 + interval)).scaled(count)
    return Line(
        phase=phase,
        operator=operator,
        kernel=device,
        variant="",
        count=count,
        latency_us=latency_us,
        total_us=total,
        bound_by=bound_by,
        choice=choice or {},
        source=source,
        relation=relation,
        energy_mj=energy_mj * count,
        actions={name: amount * count for name, amount in actions.items()},
        device=device,
    )


def times(line: Line, share: float) -> Line:
    """The same line with a share of its time, energy and actions."""
    return replace(
        line,
        latency_us=line.latency_us * share,
        total_us=line.total_us.scaled(share),
        energy_mj=line.energy_mj * share,
        actions={name: amount * share for name, amount in line.actions.items()},
    )
