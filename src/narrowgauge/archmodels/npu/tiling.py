"""How a product goes through the arrays and the scratchpad of an NPU.

A tile is loaded, multiplied and, after its last part along k, stored, while the next one loads: half of the scratchpad (operands)
and half of the accumulators (results) belong to each. Arrays take a tile fold by fold (Samajdar et al., SCALE-Sim, arXiv
1811.02883): load the resting operand, stream the other, fill and drain; what of that hides behind neighbouring folds is said by
the specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from narrowgauge.archmodels.npu.schema import Overlap, Sharing
from narrowgauge.archmodels.units.systolic import Stationary, SystolicArray


@dataclass(frozen=True)
class Arrays:
    """`count` systolic arrays on one product, or on several of the same size."""

    array: SystolicArray
    count: int
    overlap: Overlap
    sharing: Sharing = Sharing.FOLDS

    @property
    def macs_per_cycle(self) -> int:
        """The peak of all cells."""
        return self.count * self.array.rows * self.array.columns

    def cycles(self, m: int, n: int, k: int, products: int = 1) -> float:
        """Cycles of `products` products C[m,n] = A[m,k] · B[k,n], one after the other, operands in the scratchpad."""
        array = self.array
        streamed = {Stationary.OUTPUT: k, Stationary.WEIGHT: m, Stationary.INPUT: n}[array.stationary]
        folds = products * array.folds(m, n, k)
        if self.sharing is Sharing.FOLDS:
            folds = -(-folds // self.count)
        else:
            streamed = -(-streamed // self.count)
        loading = 0 if array.stationary is Stationary.OUTPUT else array.rows
        skew = array.rows + array.columns - 2
        match self.overlap:
            case Overlap.NONE:
                return folds * (loading + streamed + skew)
            case Overlap.SKEW:
                return folds * (loading + streamed) + skew
            case Overlap.SKEW_AND_LOAD:
                return folds * max(loading, streamed) + loading + skew

    def passes(self, m: int, n: int, k: int) -> tuple[int, int]:
        """How many times all of the operand that streams goes through the arrays, and the elements of the one that rests; an
        output that rests is none, and lets both stream once."""
        match self.array.stationary:
            case Stationary.INPUT:
                return -(-m // self.array.columns), m * k
            case Stationary.WEIGHT:
                return -(-n // self.array.columns), n * k
            case Stationary.OUTPUT:
                return 1, 0


@dataclass(frozen=True)
class Tile:
    """Sizes of a tile, and how many there are along each dimension."""

    m: int
    n: int
    k: int
    parts: tuple[int, int, int]

    def elements(self, side: int) -> tuple[int, int]:
        """Elements of both operands and of the result, each dimension filled up to whole arrays."""
        m, n, k = (-(-size // side) * side for size in (self.m, self.n, self.k))
        return m * k + k * n, m * n


def cut(m: int, n: int, k: int, parts: tuple[int, int, int]) -> Tile:
    """The tile of a product in so many parts along m, n and k."""
    return Tile(-(-m // parts[0]), -(-n // parts[1]), -(-k // parts[2]), parts)


def candidates(m: int, n: int, k: int, side: int, operands: float, results: float) -> list[Tile]:
    """Every tile of power-of-two parts, no smaller than an array along any dimension, whose elements fit into the room there is
    for operands and results."""
    tiles = (cut(m, n, k, parts) for parts in product(_splits(m, side), _splits(n, side), _splits(k, side)))
    return [tile for tile in tiles if _fits(tile.elements(side), (operands, results))]


def halve_longest(m: int, n: int, k: int, side: int, room: float) -> Tile:
    """The longest side halved until operands and results together fit into the room, of equals m before k before n."""
    sizes, parts = {"m": m, "k": k, "n": n}, {"m": 1, "k": 1, "n": 1}
    while True:
        tile = Tile(sizes["m"], sizes["n"], sizes["k"], (parts["m"], parts["n"], parts["k"]))
        if sum(tile.elements(side)) <= room:
            return tile
        longest = max(sizes, key=lambda name: sizes[name])
        sizes[longest], parts[longest] = -(-sizes[longest] // 2), parts[longest] * 2


def _fits(elements: tuple[int, int], room: tuple[float, float]) -> bool:
    return elements[0] <= room[0] and elements[1] <= room[1]


def _splits(size: int, side: int) -> list[int]:
    """1, 2, 4, … up to the first that leaves no more than one array's side."""
    found = [1]
    while -(-size // found[-1]) > side:
        found.append(found[-1] * 2)
    return found
