"""Loops of a control-flow graph: back edges by dominators, as in any compiler's textbook (Aho et al., section 9.6)."""

from __future__ import annotations

from collections.abc import Sequence


def natural_loops(successors: Sequence[Sequence[int]]) -> list[set[int]]:
    """The nodes of every loop without those of the loops nested in it; node 0 is the entry. Loops of one header are one loop."""
    loops: dict[int, set[int]] = {}
    predecessors: list[list[int]] = [[] for _ in successors]
    for node, goals in enumerate(successors):
        for goal in goals:
            predecessors[goal].append(node)
    dominators = _dominators(successors, predecessors)
    for node, goals in enumerate(successors):
        for header in goals:
            if node in dominators and header in dominators[node]:
                loops.setdefault(header, {header}).update(_reaching(node, header, predecessors))
    return [
        body - set().union(*(other for head, other in loops.items() if head != header and other < body))
        for header, body in loops.items()
    ]


def _reaching(node: int, header: int, predecessors: Sequence[Sequence[int]]) -> set[int]:
    """All nodes from which `node` is reached without passing `header`."""
    found: set[int] = set()
    pending = [node]
    while pending:
        current = pending.pop()
        if current != header and current not in found:
            found.add(current)
            pending.extend(predecessors[current])
    return found


def _dominators(successors: Sequence[Sequence[int]], predecessors: Sequence[Sequence[int]]) -> dict[int, set[int]]:
    """For every node that the entry reaches, the nodes through which every way to it leads, itself included."""
    reached = _reached(successors)
    dominators = {node: {0} if node == 0 else set(reached) for node in reached}
    changed = True
    while changed:
        changed = False
        for node in reached[1:]:
            ways = [dominators[p] for p in predecessors[node] if p in dominators]
            new = set.intersection(*ways) | {node}
            if new != dominators[node]:
                dominators[node], changed = new, True
    return dominators


def _reached(successors: Sequence[Sequence[int]]) -> list[int]:
    found, pending = [0], [0]
    while pending:
        for goal in successors[pending.pop()]:
            if goal not in found:
                found.append(goal)
                pending.append(goal)
    return found
