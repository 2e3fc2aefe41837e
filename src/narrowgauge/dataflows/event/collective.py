"""Collectives for the event engine: one after the other, the algorithm's latencies and its bytes over the link."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from narrowgauge.dataflows.event.cta import CtaKernel, Span
from narrowgauge.dataflows.family import Columns, KernelCost, Variant
from narrowgauge.dataflows.resources import GpuResources


def lower_collective(
    rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float], cost: KernelCost
) -> tuple[CtaKernel, ...]:
    """No CTA is modelled: the ranks move in step, and the closed form says how long a hop and a byte take."""
    fixed_us, link_us = (float(cost.busy_us[name][0]) for name in ("launch", "link"))
    return (
        CtaKernel(
            name="collective",
            steps=np.zeros(0),
            resident=1,
            depth=1,
            stages=(),
            before=(Span("launch", fixed_us, "launch"), Span("link", link_us, "move")),
            actions={name: float(count[0]) for name, count in cost.actions.items()},
        ),
    )
