"""Latency of a kernel by discrete events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from narrowgauge.dataflows.event.attention import lower_decode, lower_prefill
from narrowgauge.dataflows.event.coarse import fused, shortened
from narrowgauge.dataflows.event.collective import lower_collective
from narrowgauge.dataflows.event.cta import CtaKernel
from narrowgauge.dataflows.event.elementwise import lower_elementwise
from narrowgauge.dataflows.event.gemm import lower_gemm
from narrowgauge.dataflows.event.lower import task_graph
from narrowgauge.dataflows.family import FAMILIES, Array, Columns, KernelCost, Variant
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.registry import Registry
from narrowgauge.sim.run import run
from narrowgauge.units import PS_PER_US

Lowering = Callable[[Columns, Variant, GpuResources, Mapping[str, float], KernelCost], tuple[CtaKernel, ...]]

#: kernels of one row of a family; there is one lowering for each family
LOWERINGS: Registry[Lowering] = Registry("event lowering")
LOWERINGS.register("gemm", lower_gemm)
LOWERINGS.register("attention-prefill", lower_prefill)
LOWERINGS.register("attention-decode", lower_decode)
LOWERINGS.register("elementwise", lower_elementwise)
LOWERINGS.register("all-reduce", lower_collective)
LOWERINGS.register("all-gather", lower_collective)


def kernels_of(
    family: str, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]
) -> tuple[CtaKernel, ...]:
    """The kernels of a table of one row. Raises UnsupportedError with the reason if the GPU cannot run the variant."""
    cost = FAMILIES[family].cost(rows, variant, gpu, params)
    return LOWERINGS[family](rows, variant, gpu, params, cost)


def latency_us(kernels: Sequence[CtaKernel], sm_count: int) -> float:
    """Makespan of the kernels one after the other, each with the coarsening of `coarse` where it is long."""
    return sum(_kernel_us(fused(kernel), sm_count) for kernel in kernels)


def _kernel_us(kernel: CtaKernel, sm_count: int) -> float:
    parts = shortened(kernel, sm_count)
    if parts is None:
        return _makespan_us(kernel, sm_count)
    longer = _makespan_us(parts.longer, sm_count)
    return longer + parts.times * (longer - _makespan_us(parts.shorter, sm_count))


def _makespan_us(kernel: CtaKernel, sm_count: int) -> float:
    return float(run(task_graph((kernel,), sm_count)).makespan_ps) / PS_PER_US


def event_us(family: str, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> Array:
    """Latency of every row by discrete events, with the same meaning as the closed form's `latency_us`."""
    count = min(len(column) for column in rows.values())
    one = ({name: np.asarray(column)[i : i + 1] for name, column in rows.items()} for i in range(count))
    return np.array([latency_us(kernels_of(family, row, variant, gpu, params), gpu.sm_count) for row in one], float)
