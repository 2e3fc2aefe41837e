"""The compiled loops of tile pipelines; `pipeline` says what they compute. They run as plain Python where the compiler is off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile, and keep it on disk."""
    return cast(F, njit(cache=True)(function))


@compiled
def fill(durations: Ints, units: Ints, slots: Ints, start: Ints, end: Ints) -> None:
    """Write start and end of every (tile, stage)."""
    tiles, stages = durations.shape
    for tile in range(tiles):
        left = 0
        for stage in range(stages):
            begin = left
            if tile >= units[stage]:
                begin = max(begin, end[tile - units[stage], stage])
            if stage + 1 < stages and tile >= slots[stage]:
                begin = max(begin, end[tile - slots[stage], stage + 1])
            left = begin + durations[tile, stage]
            start[tile, stage] = begin
            end[tile, stage] = left


@compiled
def recurrences(tiles: int, durations: Ints, units: Ints, slots: Ints) -> Ints:
    """Makespan of every design point, durations (points, tiles, stages)."""
    points, _, stages = durations.shape
    answer = np.zeros(points, dtype=np.int64)
    start, end = np.empty((tiles, stages), dtype=np.int64), np.empty((tiles, stages), dtype=np.int64)
    for point in range(points):
        fill(durations[point], units[point], slots[point], start, end)
        answer[point] = end[:, stages - 1].max()
    return answer


@compiled
def closed_forms(tiles: int, durations: Ints, units: Ints, slots: Ints) -> Ints:
    """Makespan of every design point, durations (points, stages): the sum over stages, and the best mix of cycles that advances
    at most tiles - 1."""
    points, stages = durations.shape
    answer = np.zeros(points, dtype=np.int64)
    for point in range(points):
        advance, gain = np.ones(2 * stages, dtype=np.int64), np.zeros(2 * stages, dtype=np.int64)
        kinds = 1  # the first advances one tile and gains nothing: an unused tile
        for stage in range(stages):
            answer[point] += durations[point, stage]
            if units[point, stage] < tiles:
                advance[kinds], gain[kinds] = units[point, stage], durations[point, stage]
                kinds += 1
            if stage + 1 < stages and slots[point, stage] < tiles:
                advance[kinds], gain[kinds] = slots[point, stage], durations[point, stage] + durations[point, stage + 1]
                kinds += 1
        answer[point] += best_mix(tiles - 1, advance[:kinds], gain[:kinds])
    return answer


@compiled
def best_mix(room: int, advance: Ints, gain: Ints) -> int:
    """The largest sum of gains of any multiset whose advances sum to at most `room` (an unbounded knapsack).

    The kind that gains most for its advance, `step`, fills all but a rest: of any `step` others some together advance a
    multiple of `step` and could be exchanged for it, so fewer than that are needed."""
    best = 0
    for kind in range(len(advance)):
        better = gain[kind] * advance[best] - gain[best] * advance[kind]
        if better > 0 or (better == 0 and advance[kind] < advance[best]):
            best = kind
    step = advance[best]
    rest = min(room, (step - 1) * advance.max() + step)
    repeats = -(-(room - rest) // step)
    rest = room - repeats * step
    value = np.zeros(rest + 1, dtype=np.int64)
    for filled in range(1, rest + 1):
        for kind in range(len(advance)):
            if advance[kind] <= filled:
                value[filled] = max(value[filled], value[filled - advance[kind]] + gain[kind])
    return int(value[rest] + repeats * gain[best])
