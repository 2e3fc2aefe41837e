"""Where and in which order the CTAs of a kernel run: slots of SMs, and the stream of steps that each slot works through."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from narrowgauge.dataflows.event.cta import CtaKernel
from narrowgauge.units import us_to_ps

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NOTHING = -1
ROUNDING = 1e-9  # of a step: a CTA of 8.0000000001 steps has eight


def assign(durations: Sequence[int], slots: int) -> tuple[Ints, Ints]:
    """Slot of each CTA, and the CTA before it there (−1 for none): in launch order, each to the slot that is free first."""
    slot, before = np.empty(len(durations), np.int64), np.full(len(durations), NOTHING, np.int64)
    free = [(0, number) for number in range(slots)]
    latest = np.full(slots, NOTHING, np.int64)
    for cta, duration in enumerate(durations):
        _, chosen = heapq.heapreplace(free, (free[0][0] + duration, free[0][1]))
        slot[cta], before[cta], latest[chosen] = chosen, latest[chosen], cta
    return slot, before


@dataclass(frozen=True)
class Grid:
    """CTAs on SMs; `before` is the CTA that had the slot. Steps of all CTAs are numbered through."""

    sm: Ints
    before: Ints
    #: numbers of each CTA's first and last step
    first: Ints
    last: Ints
    #: of each step: its CTA, its position in the CTA, how much of a whole step it is, its position on the slot
    cta: Ints
    step: Ints
    share: Floats
    place: Ints
    #: step numbers slot after slot
    order: Ints

    @staticmethod
    def of(kernel: CtaKernel, sm_count: int) -> Grid:
        """CTAs are dealt out by how long they take alone; the first ones go to different SMs."""
        period_us = max((stage.us for stage in kernel.stages), default=0.0)
        fixed_us = sum(stage.us for stage in (*kernel.prologue, *kernel.epilogue))
        durations = [us_to_ps(us) for us in (kernel.steps * period_us + fixed_us).tolist()]
        slot, before = assign(durations, sm_count * kernel.resident)
        counts = np.maximum(np.ceil(kernel.steps - ROUNDING), 1).astype(np.int64)
        first = np.cumsum(counts) - counts
        cta = np.repeat(np.arange(len(counts)), counts)
        step = np.arange(len(cta)) - first[cta]
        order = np.argsort(slot[cta], kind="stable")
        begins = np.searchsorted(slot[cta][order], np.arange(sm_count * kernel.resident))
        place = np.empty_like(order)
        place[order] = np.arange(len(order)) - begins[slot[cta][order]]
        share = np.minimum(kernel.steps[cta] - step, 1.0)
        return Grid(slot % sm_count, before, first, first + counts - 1, cta, step, share, place, order)

    def earlier(self, count: int) -> Ints:
        """The step that comes `count` steps before each on its slot, −1 where the slot begins later."""
        rank = np.empty_like(self.order)
        rank[self.order] = np.arange(len(self.order))
        return np.where(self.place >= count, self.order[np.maximum(rank - count, 0)], NOTHING)
