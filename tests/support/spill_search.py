"""The fewest bytes off chip by uniform-cost search over everything that a planner may do, for graphs of few operators."""

from __future__ import annotations

import heapq
from itertools import chain, combinations, count


def subsets(items):
    items = sorted(items)
    return map(frozenset, chain.from_iterable(combinations(items, n) for n in range(len(items) + 1)))


def fewest_bytes(graph, capacity):
    """Non-compulsory bytes of the best plan, or None."""
    start = (frozenset(), frozenset(), frozenset(graph.inputs))
    best, ties = {start: 0}, count()
    heap = [(0, next(ties), start)]
    while heap:
        cost, _, state = heapq.heappop(heap)
        done, on_chip, off_chip = state
        if cost > best[state]:
            continue
        if len(done) == len(graph.operators) and set(graph.results) <= off_chip:
            return cost - graph.compulsory_bytes
        following = [(graph.size_bytes[t], (done, on_chip, off_chip | {t})) for t in on_chip - off_chip]
        for operator, op in enumerate(graph.operators):
            if operator in done or any(t in graph.makers and graph.makers[t] not in done for t in op.inputs):
                continue
            needed = graph.working_set(operator)
            reads = frozenset(op.inputs) - on_chip
            if not reads <= off_chip:
                continue
            for kept in subsets(on_chip - needed):
                resident = kept | needed
                if graph.total(resident) <= capacity:
                    following.append((graph.total(reads), (done | {operator}, resident, off_chip)))
        for more, after in following:
            if cost + more < best.get(after, float("inf")):
                best[after] = cost + more
                heapq.heappush(heap, (cost + more, next(ties), after))
    return None
