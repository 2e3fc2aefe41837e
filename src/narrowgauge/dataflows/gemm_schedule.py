"""The GEMM schedule for kernels whose tiles do something else than the dense and mixed-input ones: same rounds, splits, memory.

A kernel gives its tiles and what a step of a tile costs (`TileTerms`); the search over tiles and splits, and every fitted share
of the machine, are those of `gemm_search`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.family import Array
from narrowgauge.dataflows.gemm_search import (
    Numbers,
    TileTerms,
    dram_time,
    overlapped,
    row_terms,
    sm_time,
    split_time,
    sustained,
)
from narrowgauge.errors import InputError, Problem

Terms = Callable[[float, float], TileTerms]


def check_sizes(**sizes: int) -> None:
    """Raises InputError that holds every size below 1."""
    wrong = [Problem(name, f"given {size}, allowed: 1 or more") for name, size in sizes.items() if size < 1]
    if wrong:
        raise InputError(wrong)


@dataclass(frozen=True)
class Schedule:
    """What was found for one product: its time, and the tile (tokens × channels) and split that take it."""

    latency_us: float
    tile_m: int
    tile_n: int
    split_k: int
    sm_us: float
    dram_us: float

    @property
    def bound_by(self) -> str:
        """`sm` or `dram`, whichever is busy longer."""
        return "sm" if self.sm_us > self.dram_us else "dram"


def best_schedule(
    size: tuple[int, int, int], tiles: tuple[tuple[int, int], ...], splits: Array, x: Numbers, terms: Terms
) -> Schedule:
    """The fastest tile and split for `size` = (m tokens, n channels, k)."""
    m, n, k = (float(extent) for extent in size)
    row = row_terms(m, n, k, x)
    found: list[Schedule] = []
    for tile_m, tile_n in tiles:
        tile = terms(float(tile_m), float(tile_n))
        grid_m, grid_n = np.ceil(m / tile_m), np.ceil(n / tile_n)
        dram_us = dram_time(grid_m, grid_n, (m, n, k), (tile_m, tile_n), row, tile, splits, x)
        sm_us = sm_time(grid_m * grid_n, k, tile, splits, x)
        total = overlapped(sm_us, dram_us, x) + split_time(grid_m * grid_n, (m, n, k), tile, splits, x)
        best = int(np.argmin(total))
        latency = float(sustained(m, n, k, total[best], x))
        dram = np.broadcast_to(dram_us, total.shape)
        found.append(Schedule(latency, tile_m, tile_n, int(splits[best]), float(sm_us[best]), float(dram[best])))
    return min(found, key=lambda schedule: schedule.latency_us)
