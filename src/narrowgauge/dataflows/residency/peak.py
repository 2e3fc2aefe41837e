"""The least memory in which a graph runs without a byte off chip that is not compulsory (M_P of COSMA), and an order for it.

Best-first search over sets of finished operators: what is on chip follows from the set alone. It is exact if it ends; graphs
with many parallel branches are cut off to the most promising sets, and the answer is then an upper bound.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from narrowgauge.dataflows.residency.graph import TensorGraph

MOST_SETS = 200_000


@dataclass(frozen=True)
class MinimumPeak:
    """Bytes, an order (operators by index) that needs no more, and whether no order needs less."""

    peak_bytes: int
    order: tuple[int, ...]
    exact: bool


def peak_of(graph: TensorGraph, order: Sequence[int]) -> int:
    """The most bytes that are on chip at once if operators run in this order, each tensor from its making (or its first taking)
    to its last taking."""
    last = {name: max((order.index(t) for t in takers), default=-1) for name, takers in graph.takers.items()}
    live: set[str] = set()
    peak = 0
    for step, operator in enumerate(order):
        live |= graph.working_set(operator)
        peak = max(peak, graph.total(frozenset(live)))
        live = {name for name in live if last[name] > step}
    return peak


def minimum_peak(graph: TensorGraph, most_sets: int = MOST_SETS) -> MinimumPeak:
    """The least peak over all orders; `exact` says whether it is proven."""
    masks = _Masks(graph)
    full = (1 << len(graph.operators)) - 1
    best = {0: 0}
    came: dict[int, tuple[int, int]] = {}
    # by peak so far, then by how far it got: the first full set taken from the heap is the optimum
    heap: list[tuple[int, int, int]] = [(0, 0, 0)]
    while heap:
        peak, negative, done = heapq.heappop(heap)
        if done == full:
            return MinimumPeak(peak, _path(came, done), exact=True)
        if peak > best[done]:
            continue
        if len(best) > most_sets:
            return _greedy_end(masks, came, done, peak)
        live = masks.live(done)
        for operator in masks.ready(done):
            after = done | 1 << operator
            reached = max(peak, masks.bytes_of(live | masks.working[operator]))
            if reached < best.get(after, reached + 1):
                best[after] = reached
                came[after] = (done, operator)
                heapq.heappush(heap, (reached, negative - 1, after))
    raise AssertionError("a graph without cycles always has an order")


class _Masks:
    """Sets of operators and tensors as bits of integers."""

    def __init__(self, graph: TensorGraph) -> None:
        names = list(graph.size_bytes)
        index = {name: i for i, name in enumerate(names)}
        self.count = len(graph.operators)
        self.sizes = [graph.size_bytes[name] for name in names]
        self.working = [sum(1 << index[name] for name in graph.working_set(i)) for i in range(self.count)]
        self.before = [sum(1 << graph.makers[name] for name in set(op.inputs) if name in graph.makers) for op in graph.operators]
        self.takers = [sum(1 << t for t in graph.takers[name]) for name in names]
        self.made = [name in graph.makers for name in names]
        self.makers = [1 << graph.makers[name] if name in graph.makers else 0 for name in names]

    def ready(self, done: int) -> list[int]:
        return [i for i in range(self.count) if not done >> i & 1 and self.before[i] & ~done == 0]

    def live(self, done: int) -> int:
        """Tensors that were made or taken and will be taken again."""
        found = 0
        for i, takers in enumerate(self.takers):
            started = self.makers[i] & done if self.made[i] else takers & done
            if started and takers & ~done:
                found |= 1 << i
        return found

    def bytes_of(self, tensors: int) -> int:
        total = 0
        while tensors:
            low = tensors & -tensors
            total += self.sizes[low.bit_length() - 1]
            tensors ^= low
        return total


def _greedy_end(masks: _Masks, came: dict[int, tuple[int, int]], done: int, peak: int) -> MinimumPeak:
    """From a set on, always the operator that leaves least on chip."""
    order = list(_path(came, done))
    full = (1 << masks.count) - 1
    while done != full:
        live = masks.live(done)

        def cost(operator: int, live: int = live, done: int = done) -> tuple[int, int]:
            return masks.bytes_of(live | masks.working[operator]), masks.bytes_of(masks.live(done | 1 << operator))

        chosen = min(masks.ready(done), key=cost)
        peak = max(peak, cost(chosen)[0])
        order.append(chosen)
        done |= 1 << chosen
    return MinimumPeak(peak, tuple(order), exact=False)


def _path(came: dict[int, tuple[int, int]], done: int) -> tuple[int, ...]:
    order: list[int] = []
    while done:
        done, operator = came[done]
        order.append(operator)
    return tuple(reversed(order))
