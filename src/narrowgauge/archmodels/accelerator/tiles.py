"""Refill by tiles: each buffer holds two tiles of its operand, one in use and one on its way; loops run over tiles.

The sizes along m, n and k are powers of two or the whole; every order of the three loops is tried. A row of a tile is kept in
multiples of `granule` elements. An operand is kept over the inner loops as long as what they touch of it fits, and read again
for every turn of a loop outside of that. The first tiles and the last results do not overlap with anything (Sharma et al., Bit
Fusion, ISCA 2018, and the simulators that follow it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from narrowgauge.errors import CapacityError

Sizes = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
M, N, K = "m", "n", "k"
#: rows and columns of each operand as it lies in memory
TOUCHED = {"weight": (N, K), "activation": (M, K), "result": (M, N)}


@dataclass(frozen=True)
class Tiled:
    """The best tiling of one product: cycles, energy of moving operands, cycles of waiting for memory, bits moved."""

    tile: tuple[int, int, int]
    order: tuple[str, str, str]
    cycles: float
    energy_pj: float
    stall_cycles: float
    weight_read_bits: float
    activation_read_bits: float
    partial_sum_read_bits: float
    dram_write_bits: float
    #: results of tiles, partial sums included, that go from the PEs into their buffer
    result_bits: float

    @property
    def dram_read_bits(self) -> float:
        """All that is read from DRAM."""
        return self.weight_read_bits + self.activation_read_bits + self.partial_sum_read_bits


def best_tiling(
    sizes: Mapping[str, int],
    bits: Mapping[str, float],
    granule: Mapping[str, int],
    capacity_bits: Mapping[str, float],
    pj_per_bit: Mapping[str, float],
    dram_bits_per_cycle: float,
    compute_cycles: Callable[[Sizes, Sizes, Sizes], Sizes],
) -> Tiled:
    """Fewest cycles, of equals the least energy of moving operands, over tiles that fit half of every buffer.

    `sizes` are m, n and k; `bits` per element, `granule` in elements and `capacity_bits` by operand; `pj_per_bit` of an operand
    between DRAM and its buffer, and of `tile_result` between the PEs and theirs; `compute_cycles` of tiles of given sizes. Raises
    CapacityError where not even the smallest tile fits."""
    tile = dict(zip((M, N, K), (axis.ravel() for axis in np.meshgrid(*(_choices(sizes[d]) for d in (M, N, K)))), strict=True))
    fits = np.ones(len(tile[M]), dtype=bool)
    for operand in TOUCHED:
        fits &= _tile_bits(operand, tile, bits, granule) <= capacity_bits[operand] / 2
    if not fits.any():
        raise CapacityError("no tile fits: half of a buffer is smaller than one element of its operand")
    tile = {name: chosen[fits] for name, chosen in tile.items()}
    turns = {name: np.ceil(sizes[name] / chosen) for name, chosen in tile.items()}
    compute = turns[M] * turns[N] * turns[K] * compute_cycles(tile[M], tile[N], tile[K])
    tried = (
        _best_of(order, tile, turns, bits, granule, capacity_bits, pj_per_bit, dram_bits_per_cycle, compute)
        for order in permutations((M, N, K))
    )
    return min(tried, key=lambda tiled: (tiled.cycles, tiled.energy_pj))


def _tile_bits(operand: str, tile: Mapping[str, Sizes], bits: Mapping[str, float], granule: Mapping[str, int]) -> Sizes:
    """Bits of a tile, each row of it in whole granules."""
    rows, columns = TOUCHED[operand]
    found: Sizes = tile[rows] * np.ceil(tile[columns] / granule[operand]) * granule[operand] * bits[operand]
    return found


def _choices(size: int) -> Sizes:
    return np.unique(np.minimum(2.0 ** np.arange(np.ceil(np.log2(size)) + 1), size))


def _best_of(
    order: tuple[str, ...],
    tile: Mapping[str, Sizes],
    turns: Mapping[str, Sizes],
    bits: Mapping[str, float],
    granule: Mapping[str, int],
    capacity_bits: Mapping[str, float],
    pj_per_bit: Mapping[str, float],
    dram_bits_per_cycle: float,
    compute: Sizes,
) -> Tiled:
    """The best tile for one order of loops, the outermost first."""
    moved, kept = {}, {}
    for operand, touched in TOUCHED.items():
        size = _tile_bits(operand, tile, bits, granule)
        moved[operand], kept[operand] = _traffic(order, touched, size, turns, capacity_bits[operand] / 2)
    partial_sums = moved["result"] - _tile_bits("result", tile, bits, granule) * turns[M] * turns[N]
    read = moved["weight"] + moved["activation"] + partial_sums
    first, last = kept["weight"] + kept["activation"], kept["result"]
    between = np.ceil(np.maximum(read + moved["result"] - first - last, 0) / dram_bits_per_cycle)
    stall = np.maximum(between - compute, 0) + np.ceil(first / dram_bits_per_cycle) + np.ceil(last / dram_bits_per_cycle)
    tile_results = turns[M] * turns[N] * turns[K] * tile[M] * tile[N] * bits["result"]
    energy = sum(moved[operand] * pj_per_bit[operand] for operand in TOUCHED) + tile_results * pj_per_bit["tile_result"]
    best = np.lexsort((energy, compute + stall))[0]
    at = {name: int(tile[name][best]) for name in (M, N, K)}
    return Tiled(
        (at[M], at[N], at[K]),
        (order[0], order[1], order[2]),
        float(compute[best] + stall[best]),
        float(energy[best]),
        float(stall[best]),
        float(moved["weight"][best]),
        float(moved["activation"][best]),
        float(partial_sums[best]),
        float(moved["result"][best]),
        float(tile_results[best]),
    )


def _traffic(
    order: tuple[str, ...], touched: tuple[str, str], size: Sizes, turns: Mapping[str, Sizes], room_bits: float
) -> tuple[Sizes, Sizes]:
    """Bits that pass between DRAM and a buffer, and the most that are kept there at once."""
    moved, kept = size, size
    holds = np.ones(len(size), dtype=bool)
    for loop in reversed(order):
        if loop in touched:
            moved = moved * turns[loop]
            holds = holds & (moved <= room_bits)
            kept = np.where(holds, moved, kept)
        else:
            moved = np.where(holds, moved, moved * turns[loop])
    return moved, kept
