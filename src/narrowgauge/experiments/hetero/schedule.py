"""A pass on the task-graph engine: parts of the batch run through the operators one by one and compete for the devices.

Where memory access is blocked, host and PIM are one unit: who works keeps the other waiting.
"""

from __future__ import annotations

from collections.abc import Sequence

from narrowgauge.archmodels.heterogeneous.schema import Access
from narrowgauge.experiments.hetero.plan import HOST, LINK, PIM, Operator, Placement
from narrowgauge.experiments.timeline import interleaved
from narrowgauge.sim import Schedule, TaskGraph, run
from narrowgauge.units import us_to_ps

MACHINE = "host or pim"


def units(access: Access) -> dict[str, str]:
    """The unit of the task graph that stands for each device."""
    return {HOST: MACHINE, PIM: MACHINE, LINK: LINK} if access is Access.BLOCKED else {HOST: HOST, PIM: PIM, LINK: LINK}


def schedule(operators: Sequence[Operator], placement: Placement, access: Access, sub_batches: int) -> Schedule:
    """All operators of a pass for `sub_batches` parts of the batch, whose prices are those of one part."""
    graph, of_device = TaskGraph(), units(access)
    for unit in dict.fromkeys(of_device.values()):
        graph.unit(unit)
    order = list(interleaved([operator.count for operator in operators]))
    for part in range(sub_batches):
        last: list[int] = []
        for turn, number in enumerate(order):
            operator = operators[number]
            for stage in operator.ways[placement[operator.name]]:
                last = [
                    graph.task(
                        f"{line.operator}.{line.device}.{part}[{turn}]",
                        after=last,
                        unit=of_device[line.device],
                        duration_ps=us_to_ps(line.latency_us),
                        operator=line.operator,
                        category=line.device,
                    )
                    for line in stage
                ]
    return run(graph)


def busy_us(operators: Sequence[Operator], placement: Placement, sub_batches: int) -> dict[str, float]:
    """Time that each device works in a pass."""
    found: dict[str, float] = {}
    for operator in operators:
        for stage in operator.ways[placement[operator.name]]:
            for line in stage:
                found[line.device] = found.get(line.device, 0.0) + sub_batches * operator.count * line.latency_us
    return found
