"""Fewer events for long kernels: steps fused along K, and rounds of CTAs that are like those before them left out.

Fusing keeps every stage's total time and the rate at which a latency-bound pipeline runs; what it changes is that the first
step of a CTA brings more before the multiplier starts. Leaving rounds out keeps the first ones, the last one and its ragged
end; the time of a round is what one more of them adds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from narrowgauge.dataflows.event.cta import WAIT, CtaKernel, Stage

MOST_STEPS = 64  # of a CTA: the first of them is then under 2 % of its work
ROUNDS = 3  # of CTAs that are simulated: the first starts cold, the second and third run into the ends of their predecessors
FUSED_DEPTH = 2


def fused(kernel: CtaKernel) -> CtaKernel:
    """The kernel with at most `MOST_STEPS` steps per CTA."""
    longest = float(kernel.steps.max()) if len(kernel.steps) else 0.0
    count = -(-longest // MOST_STEPS)
    if count <= 1:
        return kernel

    def longer(stage: Stage) -> Stage:
        if stage.resource == WAIT and not stage.serial:
            ahead = max(kernel.depth - 1, 1)
            return replace(stage, us=stage.us * count / ahead)
        return replace(stage, us=stage.us * count)

    return replace(kernel, steps=kernel.steps / count, stages=tuple(longer(stage) for stage in kernel.stages), depth=FUSED_DEPTH)


@dataclass(frozen=True)
class Shortened:
    """Two grids to simulate, one round apart, and how often that difference is to be added to the time of the longer."""

    longer: CtaKernel
    shorter: CtaKernel
    rounds: int


def shortened(kernel: CtaKernel, sm_count: int) -> Shortened | None:
    """The kernel with `ROUNDS` rounds and its ragged end; None if it has no more than that."""
    slots = sm_count * kernel.resident
    block = kernel.period * -(-slots // kernel.period)
    left_out = len(kernel.steps) // block - ROUNDS
    if left_out <= 1:
        return None
    kept = len(kernel.steps) - left_out * block
    return Shortened(_first(kernel, kept), _first(kernel, kept - block), left_out)


def _first(kernel: CtaKernel, ctas: int) -> CtaKernel:
    share = float(kernel.steps[:ctas].sum() / kernel.steps.sum())
    actions = {name: count * share for name, count in kernel.actions.items()}
    return replace(kernel, steps=kernel.steps[:ctas], actions=actions)
