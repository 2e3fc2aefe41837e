"""Memory-bound kernels for the event engine: waves of CTAs that wait for memory, issue instructions and move their bytes.

CTAs of one SM act alike, so one stands for all that are resident, in `LEAST_PIECES` or more pieces of work one after the other:
warps drift apart, and one piece's loads run ahead while another waits. Waiting and issuing do not overlap, as in the closed
form. How much resources disturb each other when they are equally busy is what the closed form's norm says.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from narrowgauge.dataflows.elementwise_ops import Shape, launch
from narrowgauge.dataflows.event.cta import WAIT, CtaKernel, Span, Stage
from narrowgauge.dataflows.family import Columns, KernelCost, Variant
from narrowgauge.dataflows.resources import GpuResources

LEAST_PIECES, MOST_PIECES = 16, 64  # between them, a piece is a wave


def lower_elementwise(
    rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float], cost: KernelCost
) -> tuple[CtaKernel, ...]:
    """One kernel; the launches of the operation come before it."""
    busy = {name: float(time[0]) for name, time in cost.busy_us.items()}
    longest = max(busy["latency"] + busy["cuda_core"], busy["dram"], busy["l2"])
    mixed = (float(cost.latency_us[0]) - busy["launch"]) / longest if longest > 0 else 1.0
    pieces = min(max(LEAST_PIECES, int(cost.choice["waves"][0])), MOST_PIECES)
    by_row = launch(variant).shape is Shape.ROW
    count = gpu.sm_count * pieces
    ramp = () if by_row else (Span(WAIT, mixed * busy["latency"], "ramp"),)
    return (
        CtaKernel(
            name=variant.precision,
            steps=np.ones(count),
            resident=1,
            depth=2,
            stages=(
                Stage("dram", mixed * busy["dram"] / count, "move"),
                Stage("l2", mixed * busy["l2"] / count, "move"),
                Stage(WAIT, mixed * busy["latency"] / pieces if by_row else 0.0, "wait", serial=True),
                Stage("cuda_core", mixed * busy["cuda_core"] * gpu.sm_count / count, "issue"),
            ),
            before=(Span("launch", busy["launch"], "launch"), *ramp),
            actions={name: float(count[0]) for name, count in cost.actions.items()},
        ),
    )
