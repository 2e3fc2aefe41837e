"""What a described kernel changes in the numbers that the GEMM search reads."""

from __future__ import annotations

from narrowgauge.dataflows.conversion import cycles_per_weight, instructions_per_weight
from narrowgauge.dataflows.gemm_search import Numbers
from narrowgauge.dataflows.kernels_lowbit.description import LowBitKernel
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.formats import parse_scheme

HALF_MAC = {"fp16x": 1.0}  # of the calibrated weight-only GEMV, beside its conversion
PARTIAL_BYTES = 4.0  # of a partial sum in the kernels that `split_traffic` was fitted on


def written_so(kernel: LowBitKernel, x: Numbers, gpu: GpuResources, weight_only: bool) -> Numbers:
    """The numbers of the kernel on the machine of `x`: its steps, pipeline, conversion and splits; launched into a stream.

    A GEMV spends more than its counted instructions by the factor of the calibrated one."""
    waiting = kernel.waiting_cycles(gpu)
    changed = x._replace(
        tensor_macs=x.tensor_macs * kernel.instruction_share(gpu, weight_only),
        step_k=float(kernel.step_k),
        convert_cycles=x.convert_cycles + kernel.shared_cycles(gpu),
        convert_rows=float(kernel.convert_rows),
        serial_convert=0.0 if kernel.overlaps else 1.0,
        max_stages=float(kernel.stages),
        max_resident=kernel.max_resident,
        split_slots=kernel.split_slots,
        split_least=float(min(kernel.splits)),
        split_traffic=x.split_traffic * kernel.partial_bytes / PARTIAL_BYTES,
        step_latency=waiting or x.step_latency,
        gemv_max_m=float(kernel.gemv_max_m),
        launch_us=gpu.stream_launch_us,
    )
    if kernel.gemv is None:
        return changed
    calibrated = instructions_per_weight(parse_scheme(kernel.calibrated_as), "fp16")
    counted = cycles_per_weight(calibrated, gpu) + cycles_per_weight(HALF_MAC, gpu)
    macs_per_us = x.gemv_macs_per_us * counted / cycles_per_weight(kernel.gemv, gpu)
    return changed._replace(gemv_macs_per_us=macs_per_us, gemv_chain_us=0.0)  # unrolled: loads do not wait for one another
