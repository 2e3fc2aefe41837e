"""Fewest bytes off chip within a capacity: exact on small graphs, good orders with exact or greedy replacement on large ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import StrEnum

from narrowgauge.dataflows.residency.exact import solve
from narrowgauge.dataflows.residency.graph import TensorGraph
from narrowgauge.dataflows.residency.peak import minimum_peak, peak_of
from narrowgauge.dataflows.residency.plan import Plan
from narrowgauge.dataflows.residency.replacement import RULES, replace_greedily
from narrowgauge.errors import CapacityError

MOST_EXACT_OPERATORS = 10
MOST_REPLACED_OPERATORS = 120  # a fixed order of so many is still a program of a few seconds
REPLACEMENT_LIMIT_S = 20.0
RANDOM_ORDERS = 24


class Method(StrEnum):
    """`auto` proves where a proof is quick."""

    AUTO = "auto"
    EXACT = "exact"
    HEURISTIC = "heuristic"


def schedule(graph: TensorGraph, capacity_bytes: int, method: Method = Method.AUTO, seed: int = 0) -> Plan:
    """A plan within the capacity; raises CapacityError if the largest working set exceeds it, with what would make it fit."""
    check_capacity(graph, capacity_bytes)
    if method is Method.EXACT or (method is Method.AUTO and len(graph.operators) <= MOST_EXACT_OPERATORS):
        plan = solve(graph, capacity_bytes)
        if plan is None:
            raise AssertionError("a program without a time limit ends with an answer")
        return plan
    return _heuristic(graph, capacity_bytes, seed)


def check_capacity(graph: TensorGraph, capacity_bytes: int) -> None:
    """Raise CapacityError that names the operators whose operands do not fit together."""
    wanted = [(graph.total(graph.working_set(i)), i) for i in range(len(graph.operators))]
    over = sorted(((size, graph.operators[i].name) for size, i in wanted if size > capacity_bytes), reverse=True)
    if over:
        size, name = over[0]
        raise CapacityError(
            f"'{name}' needs {size:,} bytes on chip for its operands, there are {capacity_bytes:,}, "
            f"{size - capacity_bytes:,} are missing ({len(over)} of {len(graph.operators)} operators do not fit)\n"
            f"  a memory of {size:,} bytes would fit\n"
            f"  operands of {capacity_bytes / size:.3g} times the bits would fit\n"
            f"  operators cut into tiles would fit: see the mapping search"
        )


def _heuristic(graph: TensorGraph, capacity_bytes: int, seed: int) -> Plan:
    orders = [minimum_peak(graph).order, tuple(range(len(graph.operators)))]
    drawn = random.Random(seed)
    orders += [_random_order(graph, drawn) for _ in range(RANDOM_ORDERS)]
    plans = [replace_greedily(graph, capacity_bytes, order, rule) for order in dict.fromkeys(orders) for rule in RULES]
    best = min(plans, key=_rank)
    if best.noncompulsory_bytes == 0:
        return _proven(best)
    best = _moved(graph, capacity_bytes, best)
    if len(graph.operators) <= MOST_REPLACED_OPERATORS:
        better = solve(graph, capacity_bytes, best.order, REPLACEMENT_LIMIT_S)
        best = min((plan for plan in (best, better) if plan is not None), key=_rank)
    return best if best.noncompulsory_bytes else _proven(best)


def _rank(plan: Plan) -> tuple[int, int]:
    return plan.noncompulsory_bytes, plan.peak_bytes


def _proven(plan: Plan) -> Plan:
    """Nothing moves fewer bytes than the compulsory ones."""
    return Plan(plan.graph, plan.capacity_bytes, plan.steps, exact=True)


def _random_order(graph: TensorGraph, drawn: random.Random) -> tuple[int, ...]:
    """A random order in which a finished operator's takers tend to go first, as deep as possible."""
    waiting = {i: {graph.makers[t] for t in op.inputs if t in graph.makers} for i, op in enumerate(graph.operators)}
    order: list[int] = []
    ready = sorted(i for i, needs in waiting.items() if not needs)
    while ready:
        recent = ready[-2:]
        chosen = drawn.choice(recent)
        ready.remove(chosen)
        order.append(chosen)
        for taker in graph.takers[graph.operators[chosen].output]:
            waiting[taker].discard(chosen)
            if not waiting[taker]:
                ready.append(taker)
    return tuple(order)


def _moved(graph: TensorGraph, capacity_bytes: int, best: Plan) -> Plan:
    """Moves single operators to other places in the order as long as that saves bytes."""
    improving = True
    while improving:
        improving = False
        for order in _neighbours(graph, best.order):
            if peak_of(graph, order) > 2 * peak_of(graph, best.order):
                continue
            plan = min((replace_greedily(graph, capacity_bytes, order, rule) for rule in RULES[:2]), key=_rank)
            if _rank(plan) < _rank(best):
                best, improving = plan, True
                break
    return best


def _neighbours(graph: TensorGraph, order: Sequence[int]) -> list[tuple[int, ...]]:
    """Every operator at the first and the last place that its neighbours in the graph allow."""
    position = {operator: step for step, operator in enumerate(order)}
    found: list[tuple[int, ...]] = []
    for step, operator in enumerate(order):
        op = graph.operators[operator]
        first = 1 + max((position[graph.makers[t]] for t in op.inputs if t in graph.makers), default=-1)
        last = min((position[t] for t in graph.takers[op.output]), default=len(order)) - 1
        rest = [*order[:step], *order[step + 1 :]]
        for place in {first, last} - {step}:
            found.append((*rest[:place], operator, *rest[place:]))
    return found
