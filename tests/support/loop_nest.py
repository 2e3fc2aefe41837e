"""A loop nest walked tile by tile with a real buffer of one tile per operand and level: what the reuse analysis must count."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from narrowgauge.dataflows.mapping import Mapping, Product, Target
from narrowgauge.dataflows.mapping.problem import DIMENSIONS, FREE, OPERANDS

Ranges = dict[str, tuple[int, int]]


def tiles_of(product: Product, target: Target, mapping: Mapping, level: int, within: Ranges):
    """The next level's tiles inside `within`, in the order of the loops; every one a range per dimension."""
    sizes = dict(zip(DIMENSIONS, true_sizes(target, mapping)[level + 1], strict=True))

    def loop(order, chosen):
        if not order:
            yield dict(chosen)
            return
        first, last = within[order[0]]
        for start in range(first, last, sizes[order[0]]):
            yield from loop(order[1:], {**chosen, order[0]: (start, min(start + sizes[order[0]], last))})

    yield from loop(mapping.orders[level], {})


def true_sizes(target: Target, mapping: Mapping):
    """Tile sizes without the bound of the product, so that cuts stay whole multiples."""
    sizes = [target.compute.quantum]
    for fan in reversed(mapping.fans):
        sizes.insert(0, tuple(f * s for f, s in zip(fan, sizes[0], strict=True)))
    return sizes


def walk(product: Product, target: Target, mapping: Mapping) -> tuple[Counter, int]:
    """Bytes by (operand, outer level, inner level, direction) and quanta computed."""
    held: dict[tuple[str, int], Ranges | None] = {}
    started: dict[int, set] = {}
    moved: Counter = Counter()
    quanta = 0

    def key(operand: str, tile: Ranges):
        return tuple(tile[d] for d in DIMENSIONS if d != FREE[operand])

    def elements(operand: str, tile: Ranges) -> int:
        first, second = (last - start for start, last in key(operand, tile))
        return first * second

    def enter(operand: str, outer: int, inner: int, tile: Ranges) -> None:
        if held.get((operand, inner)) == key(operand, tile):
            return
        if operand == "c":
            leave(outer, inner)
            seen = started.setdefault(inner, set())
            if key("c", tile) in seen:
                moved[operand, outer, inner, "into"] += elements(operand, tile) * product.partial_bits / 8
                # the sum was not complete when it left: it left as a partial one
                moved[operand, outer, inner, "back"] += elements(operand, tile) * (product.partial_bits - product.c_bits) / 8
            seen.add(key("c", tile))
        else:
            moved[operand, outer, inner, "into"] += elements(operand, tile) * product.held_bytes(operand)
        held[operand, inner] = key(operand, tile)

    def leave(outer: int, inner: int) -> None:
        old = held.get(("c", inner))
        if old is not None:
            (m0, m1), (n0, n1) = old
            moved["c", outer, inner, "back"] += (m1 - m0) * (n1 - n0) * product.c_bits / 8

    def descend(level: int, within: Ranges) -> None:
        nonlocal quanta
        for tile in tiles_of(product, target, mapping, level, within):
            inner = level + 1
            for operand in OPERANDS:
                path = target.path(operand)
                if inner in path:
                    enter(operand, path[path.index(inner) - 1], inner, tile)
            if inner == len(target.levels):
                quanta += 1
            else:
                descend(inner, tile)

    descend(0, dict(zip(DIMENSIONS, ((0, s) for s in product.sizes), strict=True)))
    path = target.path("c")
    for outer, inner in pairwise(path):
        leave(outer, inner)
    return moved, quanta
