"""One mapping: how often each level's tile is cut, in which order the pieces are visited, and how many buffers hold them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from narrowgauge.dataflows.mapping.problem import DIMENSIONS, Product, Target
from narrowgauge.errors import InputError, Problem

Ints = npt.NDArray[np.int64]
Order = tuple[str, str, str]


@dataclass(frozen=True)
class Stages:
    """Buffers per tile of one level. With two, the next tile of an input arrives (a finished tile of the output leaves) while the
    unit works; with one, it waits. More than two hide latency, which has no place in a model of bandwidths."""

    inputs: int = 1
    output: int = 1


@dataclass(frozen=True)
class Mapping:
    """`fans[i]` says into how many tiles of the next level inside, along m, n and k, a full tile of level i is cut; the last
    entry counts quanta of the unit. `orders[i]` are the loops over them, outermost first. `stages` is per buffer."""

    fans: tuple[tuple[int, int, int], ...]
    orders: tuple[Order, ...]
    stages: tuple[Stages, ...]

    @staticmethod
    def of_tiles(
        product: Product, target: Target, tiles: Sequence[tuple[int, int, int]], orders: Sequence[Order], stages: Sequence[Stages]
    ) -> Mapping:
        """The mapping of tile sizes in elements, one per buffer from the outermost.

        Raises InputError where a size is no whole multiple of the next one inside (the unit's quantum is the innermost), unless
        it covers the whole dimension; where orders are no permutations; or where counts of entries do not fit the target."""
        problems = _miscounted(target, tiles, orders, stages)
        if problems:
            raise InputError(problems)
        fans: list[tuple[int, int, int]] = []
        inner = target.compute.quantum
        for level, tile in reversed(list(zip(target.buffers, tiles, strict=True))):
            for d, size, outer, part in zip(DIMENSIONS, product.sizes, tile, inner, strict=True):
                if outer < 1 or (outer % part and outer < size):
                    problems.append(Problem(f"{level.name}.{d}", f"tile of {outer}, allowed: multiples of {part}, or all {size}"))
            fans.insert(0, _cut(product.sizes, tile, inner))
            inner = tile
        if problems:
            raise InputError(problems)
        return Mapping((_cut(product.sizes, product.sizes, inner), *fans), tuple(orders), tuple(stages))

    def tiles(self, product: Product, target: Target) -> tuple[tuple[int, int, int], ...]:
        """Sizes in elements of every level's tile along m, n, k: the whole product, the buffers, the quantum."""
        inner = np.cumprod(np.array([target.compute.quantum, *reversed(self.fans)]), axis=0)[::-1]
        bounded = np.minimum(inner[:-1], product.sizes).tolist()
        return (*(tuple(row) for row in bounded), target.compute.quantum)


def _cut(sizes: Sequence[int], tile: Sequence[int], part: Sequence[int]) -> tuple[int, int, int]:
    m, n, k = (math.ceil(min(t, size) / p) for size, t, p in zip(sizes, tile, part, strict=True))
    return m, n, k


def _miscounted(
    target: Target, tiles: Sequence[tuple[int, int, int]], orders: Sequence[Order], stages: Sequence[Stages]
) -> list[Problem]:
    buffers, loops = len(target.buffers), len(target.levels)
    counts = (("tiles", len(tiles), buffers), ("orders", len(orders), loops), ("stages", len(stages), buffers))
    problems = [Problem(name, f"given {given}, allowed: {wanted}") for name, given, wanted in counts if given != wanted]
    problems += [
        Problem("orders", f"given {''.join(order)!r}, allowed: m, n and k once each")
        for order in orders
        if sorted(order) != sorted(DIMENSIONS)
    ]
    problems += [
        Problem("stages", f"given {count}, allowed: 1 or 2")
        for s in stages
        for count in (s.inputs, s.output)
        if count not in (1, 2)
    ]
    return problems
