"""Which device an operator runs on, and in how many parts a batch: what finishes the pass soonest.

Every operator starts where it is fastest alone. Then each that has another way is moved there and stays if the pass ends sooner;
again, until nothing does. A local optimum: moves of two operators at once are not tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from narrowgauge.archmodels.heterogeneous.schema import Access
from narrowgauge.experiments.hetero.plan import Operator, Placement, latency_us
from narrowgauge.experiments.hetero.schedule import schedule
from narrowgauge.sim import Schedule


@dataclass(frozen=True)
class Decision:
    """What was chosen: the operators at the size of a part, the way of each, and the pass that follows."""

    operators: tuple[Operator, ...]
    placement: Placement
    sub_batches: int
    schedule: Schedule


def place(operators: Sequence[Operator], access: Access, sub_batches: int) -> Decision:
    """The placement for a given number of parts."""
    placement = {op.name: min(op.ways, key=lambda way, op=op: latency_us(op.ways[way])) for op in operators}  # type: ignore[misc]
    best = schedule(operators, placement, access, sub_batches)
    improved = True
    while improved:
        improved = False
        for op in operators:
            for way in op.ways:
                if way == placement[op.name]:
                    continue
                trial = {**placement, op.name: way}
                found = schedule(operators, trial, access, sub_batches)
                if found.makespan_ps < best.makespan_ps:
                    placement, best, improved = trial, found, True
    return Decision(tuple(operators), placement, sub_batches, best)


def decide(operators_of: Callable[[int], Sequence[Operator]], access: Access, numbers: Sequence[int]) -> Decision:
    """The best of several numbers of parts; `operators_of` prices the operators for one of them. Of equals the first."""
    found = [place(operators_of(number), access, number) for number in numbers]
    return min(found, key=lambda decision: decision.schedule.makespan_ps)
