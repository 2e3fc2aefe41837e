"""Fewer events for long kernels: steps fused along K, and rounds of CTAs that are like those before them left out.

Fusing keeps every stage's total time and the rate at which a latency-bound pipeline runs; what it changes is that the first
step of a CTA brings more before the multiplier starts. Leaving rounds out keeps the first ones, the last one and its ragged
end; the time of a round is what more of them add.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from narrowgauge.dataflows.event.cta import LOADING, WAIT, CtaKernel, Stage

MOST_STEPS = 64  # of a CTA: the first of them is then under 2 % of its work
#: blocks of CTAs that are simulated, and how many of the last of them tell the time of one: the first starts cold, later ones run
#: into the ends of their predecessors
BLOCKS, TOLD_BY = 3, 2
#: rounds of a block; CTAs of unequal length do not end together, and only many of them make a mean
EQUAL_ROUNDS, UNEQUAL_ROUNDS = 1, 4
FUSED_DEPTH = 2


def fused(kernel: CtaKernel) -> CtaKernel:
    """The kernel with at most `MOST_STEPS` steps per CTA."""
    longest = float(kernel.steps.max()) if len(kernel.steps) else 0.0
    count = -(-longest // MOST_STEPS)
    if count <= 1:
        return kernel

    ahead = max(kernel.depth - 1, 1)
    before_us = sum(stage.us for stage in kernel.stages if stage.resource in LOADING and stage.resource != WAIT)

    def longer(stage: Stage) -> Stage:
        if stage.resource == WAIT and not stage.serial:
            return replace(stage, us=max(0.0, count * ((stage.us + before_us) / ahead - before_us)))
        return replace(stage, us=stage.us * count)

    stages = tuple(longer(stage) for stage in kernel.stages)
    return replace(kernel, steps=kernel.steps / count, stages=stages, depth=FUSED_DEPTH)


@dataclass(frozen=True)
class Shortened:
    """Two grids to simulate, and how often their difference is to be added to the time of the longer."""

    longer: CtaKernel
    shorter: CtaKernel
    times: float


def shortened(kernel: CtaKernel, sm_count: int) -> Shortened | None:
    """The kernel with a few rounds and its ragged end; None if it has no more than that."""
    slots = sm_count * kernel.resident * (EQUAL_ROUNDS if kernel.period == 1 else UNEQUAL_ROUNDS)
    block = kernel.period * -(-slots // kernel.period)
    left_out = len(kernel.steps) // block - BLOCKS
    if left_out <= TOLD_BY:
        return None
    kept = len(kernel.steps) - left_out * block
    return Shortened(_first(kernel, kept), _first(kernel, kept - TOLD_BY * block), left_out / TOLD_BY)


def _first(kernel: CtaKernel, ctas: int) -> CtaKernel:
    share = float(kernel.steps[:ctas].sum() / kernel.steps.sum())
    actions = {name: count * share for name, count in kernel.actions.items()}
    return replace(kernel, steps=kernel.steps[:ctas], actions=actions)
