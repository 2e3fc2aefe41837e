"""What a described kernel changes in the numbers that the GEMM search reads."""

from __future__ import annotations

from collections.abc import Mapping

from narrowgauge.dataflows.conversion import cycles_per_weight
from narrowgauge.dataflows.gemm_search import Numbers
from narrowgauge.dataflows.kernels_lowbit.description import LowBitKernel
from narrowgauge.dataflows.resources import GpuResources

PARTIAL_BYTES = 4.0  # of a partial sum in the kernels that `split_traffic` was fitted on


def written_so(kernel: LowBitKernel, x: Numbers, gpu: GpuResources, params: Mapping[str, float]) -> Numbers:
    """The numbers of the kernel: its steps, pipeline, conversion and splits, on the machine of `x`."""
    waiting = kernel.waiting_cycles(gpu)
    changed = x._replace(
        step_k=float(kernel.step_k),
        convert_cycles=x.convert_cycles + kernel.shared_cycles(gpu),
        convert_rows=float(kernel.convert_rows),
        max_stages=float(kernel.stages),
        max_resident=kernel.max_resident,
        split_slots=kernel.split_slots,
        split_traffic=x.split_traffic * kernel.partial_bytes / PARTIAL_BYTES,
        step_latency=waiting or x.step_latency,
        gemv_max_m=float(kernel.gemv_max_m),
    )
    if kernel.gemv is None:
        return changed
    macs_per_us = gpu.sm_count * gpu.cycles_per_us * params["gemv_alu_efficiency"] / cycles_per_weight(kernel.gemv, gpu)
    return changed._replace(gemv_macs_per_us=macs_per_us)
