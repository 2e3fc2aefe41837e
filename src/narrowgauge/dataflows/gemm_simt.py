"""FP32 products on CUDA cores by tiles through shared memory (CUTLASS SIMT SGEMM), on the schedule of all GEMMs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import Gemm
from narrowgauge.dataflows.gemm_schedule import Schedule, best_schedule, check_sizes
from narrowgauge.dataflows.gemm_search import tile_terms
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError
from narrowgauge.units import BYTES_PER_KB

FP32_BYTES = 4.0


def simt_gemm(
    m: int,
    n: int,
    k: int,
    tile: tuple[int, int],
    step_k: int,
    stages: int,
    gpu: GpuResources,
    params: Mapping[str, float],
) -> Schedule:
    """C[m,n] = A[m,k] · B[k,n] in FP32 with one tile of rows × columns, steps of `step_k` and that many stages; `params` are
    those of a 16-bit GEMM on this GPU. Raises InputError for sizes below 1, UnsupportedError for tiles that no SM holds."""
    check_sizes(m=m, n=n, k=k, tile_m=tile[0], tile_n=tile[1], step_k=step_k, stages=stages)
    _check_room(tile, step_k, stages, gpu)
    x = Gemm().numbers(Variant("fp16", ""), gpu, params)
    x = x._replace(
        tensor_macs=gpu.alu_results["fp32"],
        weight_bytes=FP32_BYTES,
        activation_bytes=FP32_BYTES,
        output_bytes=FP32_BYTES,
        step_k=float(step_k),
        max_stages=float(stages),
        gemv_max_m=0.0,
    )
    return best_schedule((m, n, k), (tile,), np.array([1.0]), x, lambda tile_m, tile_n: tile_terms(tile_m, tile_n, x))


def _check_room(tile: tuple[int, int], step_k: int, stages: int, gpu: GpuResources) -> None:
    needs = {
        "shared memory": (stages * sum(tile) * step_k * FP32_BYTES / BYTES_PER_KB, gpu.smem_kb_per_sm),
        "registers": (tile[0] * tile[1] * FP32_BYTES / BYTES_PER_KB, gpu.registers_kb_per_sm),
    }
    reasons = [f"{what} of {need:,.0f} KB, an SM has {has:,.0f}" for what, (need, has) in needs.items() if need > has]
    if reasons:
        raise UnsupportedError(f"tile {tile[0]}×{tile[1]}×{step_k} in {stages} stages needs {'; '.join(reasons)}")
