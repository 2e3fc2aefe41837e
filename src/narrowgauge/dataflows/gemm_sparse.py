"""Unstructured sparsity on tensor cores: weights loaded as non-zeros, laid out densely in shared memory, multiplied densely.

The kernel of Flash-LLM (Xia et al., VLDB 2023, arXiv 2309.10285, section 4; AlibabaResearch/flash-llm, csrc/SpMM_Kernel.cuh). A
non-zero is a 16-bit value with its 16-bit place in the tile. A CTA holds two buffers: while tensor cores work on one tile, the
non-zeros of the next come into registers and the other buffer is cleared; then the same warps scatter them, so the scatter and
the multiplication of a CTA never overlap. Resident CTAs overlap each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from narrowgauge.dataflows.contention import cycle_time
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import Gemm
from narrowgauge.dataflows.gemm_schedule import Schedule, best_schedule, check_sizes
from narrowgauge.dataflows.gemm_search import MAX_RESIDENT, Numbers, TileTerms
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import InputError, Problem

NONZERO_BYTES = 4.0
ELEMENT_BYTES = 2.0
STEP_K = 64.0  # TILE_K of the kernel
WARPS = 4.0  # of a CTA; each reads all activations of the tile
BUFFERS = 2.0
TILES = tuple((tokens, channels) for tokens in (8, 16, 32, 64) for channels in (128, 256))  # TilingConfig.h
SPLITS = np.arange(1.0, 10.0)  # benchmark.sh tunes by hand from 1 to 9
SCATTER_INSTRUCTIONS = 3.0  # integer instructions for one non-zero: take value and place apart, add the address
WARP_LANES = 32.0


def sparse_gemm(
    m: int, n: int, k: int, sparsity: float, gpu: GpuResources, params: Mapping[str, float], reordered: bool = True
) -> Schedule:
    """C[m,n] = A[m,k] · B[k,n] with a share `sparsity` of zeros in B; `params` are those of a 16-bit GEMM on this GPU.

    `reordered`: non-zeros were ordered beforehand so that the lanes of a warp hit different banks. Raises InputError for a
    sparsity outside 0 … 1 and sizes below 1."""
    check_sizes(m=m, n=n, k=k)
    if not 0.0 <= sparsity < 1.0:
        raise InputError([Problem("sparsity", f"given {sparsity}, allowed: from 0 to below 1")])
    density = 1.0 - sparsity
    dense = Gemm().numbers(Variant("fp16", ""), gpu, params)
    x = dense._replace(weight_bytes=NONZERO_BYTES * density, step_k=STEP_K, gemv_max_m=0.0)
    conflict = 1.0 if reordered else conflicts(int(WARP_LANES))
    return best_schedule((m, n, k), TILES, SPLITS, x, lambda tile_m, tile_n: _terms(tile_m, tile_n, density, conflict, gpu, x))


def conflicts(banks: int) -> float:
    """Mean of the fullest of `banks` banks when as many lanes each take one at random: what a scattered store costs."""
    at_most = [_all_at_most(banks, limit) for limit in range(banks + 1)]
    return sum(limit * (at_most[limit] - at_most[limit - 1]) for limit in range(1, banks + 1))


def _all_at_most(count: int, limit: int) -> float:
    """Share of throws of `count` balls into as many bins in which no bin holds more than `limit`."""
    bin_series = np.array([1.0 / math.factorial(balls) for balls in range(limit + 1)])
    series = np.array([1.0])
    for _ in range(count):
        series = np.convolve(series, bin_series)[: count + 1]
    return float(series[count]) * math.factorial(count) / float(count) ** count if len(series) > count else 0.0


def _terms(tile_m: float, tile_n: float, density: float, conflict: float, gpu: GpuResources, x: Numbers) -> TileTerms:
    """A step: clear one dense tile and multiply the other while non-zeros arrive, then scatter these.

    Shared memory is cleared by asynchronous copies of nothing, which come through the port of the L2."""
    elements = tile_n * STEP_K
    tokens_bytes = tile_m * STEP_K * ELEMENT_BYTES
    held = BUFFERS * (elements * ELEMENT_BYTES + tokens_bytes)
    resident = min(MAX_RESIDENT, max(1.0, math.floor(min(x.smem_bytes / held, x.accumulator_bytes / (tile_m * tile_n * 4.0)))))
    step_bytes = elements * density * NONZERO_BYTES + tokens_bytes
    multiply = tile_m * elements / x.tensor_macs
    clear = elements * ELEMENT_BYTES / gpu.l2_port_bytes_per_cycle
    fragments = (elements * ELEMENT_BYTES + WARPS * tokens_bytes) / gpu.smem_bytes_per_sm_cycle
    scatter = elements * density * max(conflict / WARP_LANES, SCATTER_INSTRUCTIONS / gpu.alu_results["int32_add"])
    shared = clear + fragments + scatter
    uncovered = max(0.0, gpu.dram_latency_cycles + step_bytes / x.l2_sm_bytes - multiply - clear - fragments)
    turn = cycle_time(int(resident), (multiply, shared), uncovered)
    finish = tile_m * tile_n * ELEMENT_BYTES / x.store_bytes + x.cta_cycles
    return TileTerms(step_bytes, resident, BUFFERS, multiply, shared, turn, finish, max(multiply, shared))
