"""Replacement for a given order, greedily: when room is missing, what goes is what costs least for the longest time.

A tensor on chip costs its size to bring back, and once more to write if it is not off chip already (inputs are); one that is not
taken again costs nothing. Of the tensors that the running operator does not need, those with the least cost per byte and step
until the next use go first, then any that turn out to be needless are kept after all (Belady's rule for one size and cost).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from narrowgauge.dataflows.residency.graph import TensorGraph
from narrowgauge.dataflows.residency.plan import Plan, Step

Rule = Callable[[float, int, int], float]  # (cost in bytes, size in bytes, steps until the next use) -> those with less go first

RULES: tuple[Rule, ...] = (
    lambda cost, size, distance: cost / (size * distance),
    lambda cost, size, distance: -distance,
    lambda cost, size, distance: cost,
    lambda cost, size, distance: cost / size,
)


def replace_greedily(graph: TensorGraph, capacity_bytes: int, order: Sequence[int], rule: Rule) -> Plan:
    """The plan of one rule; the capacity is at least the largest working set."""
    position = {operator: step for step, operator in enumerate(order)}
    uses = {name: sorted(position[t] for t in takers) for name, takers in graph.takers.items()}
    off_chip = set(graph.inputs)
    on_chip: set[str] = set()
    steps: list[Step] = []
    for step, operator in enumerate(order):
        needed = graph.working_set(operator)
        reads = tuple(name for name in graph.operators[operator].inputs if name not in on_chip)
        leaving, resident = _evict(graph, capacity_bytes, uses, off_chip, on_chip, needed, step, rule)
        if steps:
            last = steps[-1]
            steps[-1] = Step(last.operator, last.reads, last.resident, (*last.writes, *leaving))
        off_chip |= set(leaving)
        made = graph.operators[operator].output
        writes = (made,) if made in graph.results else ()
        off_chip |= set(writes)
        steps.append(Step(operator, tuple(dict.fromkeys(reads)), frozenset(resident), writes))
        on_chip = {name for name in resident if bisect_right(uses[name], step) < len(uses[name])}
    return Plan(graph, capacity_bytes, tuple(steps), exact=False)


def _evict(
    graph: TensorGraph,
    capacity_bytes: int,
    uses: dict[str, list[int]],
    off_chip: set[str],
    on_chip: set[str],
    needed: frozenset[str],
    step: int,
    rule: Rule,
) -> tuple[tuple[str, ...], set[str]]:
    """What must be written to make room for `needed`, and what is then on chip."""
    missing = graph.total(frozenset(on_chip | needed)) - capacity_bytes
    if missing <= 0:
        return (), on_chip | needed

    def cost(name: str) -> int:
        return graph.size_bytes[name] * (1 if name in off_chip else 2)

    def priority(name: str) -> float:
        distance = uses[name][bisect_right(uses[name], step - 1)] - step
        return rule(cost(name), graph.size_bytes[name], max(distance, 1))

    gone: list[str] = []
    for name in sorted(on_chip - needed, key=lambda n: (priority(n), n)):
        if missing <= 0:
            break
        gone.append(name)
        missing -= graph.size_bytes[name]
    for name in sorted(gone, key=cost, reverse=True):  # a later, larger one may have made an earlier one's place unnecessary
        if missing + graph.size_bytes[name] <= 0:
            gone.remove(name)
            missing += graph.size_bytes[name]
    return tuple(name for name in gone if name not in off_chip), (on_chip | needed) - set(gone)
