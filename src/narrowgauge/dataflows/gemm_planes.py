"""Products of any bit widths on binary tensor cores: p weight planes times q activation planes, shifted and added.

A matrix of q-bit numbers is q binary ones; stacked below each other they make C[m,n] of p × q bits one binary product of (q·m)
rows and (p·n) columns, whose p·q partial results of an element a CTA adds up, shifted, in shared memory before it stores one.
Rows are padded to eight after stacking, so one token of eight bits fills an instruction (Zeng et al., ABQ-LLM, arXiv 2408.08554;
Ma et al., bipolar-INT, arXiv 2409.17870). Whether a plane means 0 / 1 or −1 / +1 changes a constant term only, not the work.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import Gemm
from narrowgauge.dataflows.gemm_schedule import Schedule, best_schedule, check_sizes
from narrowgauge.dataflows.gemm_search import MAX_RESIDENT, MAX_STAGES, Numbers, TileTerms
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import InputError, Problem, UnsupportedError
from narrowgauge.units import BITS_PER_BYTE

BINARY_BYTES = 1 / BITS_PER_BYTE
MOST_BITS = 8
#: bytedance/ABQ-LLM, aq_bmma_w2a8.cu and its kin: planes of tokens × planes of channels of a CTA
TILES = ((8, 32), (8, 64), (8, 96), (8, 128), (16, 64), (16, 128), (32, 64), (32, 96), (64, 64), (64, 96), (64, 128), (128, 128))
STEP_K = 512.0  # bits of a step with one token, the same file
SPLITS = np.array([1.0])
#: the instruction of these kernels, m8n8k128, issues at half the rate of m16n8k256: so does the INT8 one of the same shape,
#: measured on A100 (Sun et al., arXiv 2206.02874, table of mma shapes)
SMALL_SHAPE_RATE = 0.5
SUM_BYTES = 4.0  # of a partial result in shared memory, written and read
PARTIAL_OPS = 2.0  # shift and add of one partial result


def plane_gemm(
    m: int, n: int, k: int, weight_bits: int, activation_bits: int, gpu: GpuResources, params: Mapping[str, float]
) -> Schedule:
    """C[m,n] = A[m,k] · B[k,n] with activations and weights of those widths, already split into planes; `params` are those of a
    16-bit GEMM on this GPU.

    Raises InputError for sizes below 1 and widths outside 1 … 8, UnsupportedError where the GPU has no binary tensor cores."""
    check_sizes(m=m, n=n, k=k)
    widths = {"weight_bits": weight_bits, "activation_bits": activation_bits}
    wrong = [
        Problem(name, f"given {bits}, allowed: 1 to {MOST_BITS}") for name, bits in widths.items() if not 1 <= bits <= MOST_BITS
    ]
    if wrong:
        raise InputError(wrong)
    if "b1" not in gpu.tensor_macs:
        raise UnsupportedError(f"{gpu.name}: its specification has no rate of binary tensor-core products (tensor_macs.b1)")
    x = Gemm().numbers(Variant("fp16", ""), gpu, params)
    rate = gpu.tensor_macs["b1"] / gpu.tensor_macs["fp16"] * SMALL_SHAPE_RATE
    planes = weight_bits * activation_bits
    x = x._replace(
        tensor_macs=x.tensor_macs * rate,
        weight_bytes=BINARY_BYTES,
        activation_bytes=BINARY_BYTES,
        output_bytes=x.output_bytes / planes,
        step_k=STEP_K,
        gemv_max_m=0.0,
    )
    size = (m * activation_bits, n * weight_bits, k)
    return best_schedule(size, TILES, SPLITS, x, lambda tile_m, tile_n: _terms(tile_m, tile_n, gpu, x))


def _terms(tile_m: float, tile_n: float, gpu: GpuResources, x: Numbers) -> TileTerms:
    """A step multiplies planes; after the last one the partial results go through shared memory to be shifted and added."""
    step_bytes = (tile_m + tile_n) * STEP_K * BINARY_BYTES
    partials = tile_m * tile_n
    held = max(2.0 * step_bytes, partials * SUM_BYTES)
    resident = min(MAX_RESIDENT, max(1.0, math.floor(min(x.accumulator_bytes / (partials * SUM_BYTES), x.smem_bytes / held))))
    stages = min(MAX_STAGES, max(2.0, math.floor(x.smem_bytes / (resident * step_bytes))))
    multiply = partials * STEP_K / x.tensor_macs
    fragments = 2.0 * step_bytes / gpu.smem_bytes_per_sm_cycle
    recombine = partials * (2.0 * SUM_BYTES / gpu.smem_bytes_per_sm_cycle + PARTIAL_OPS / gpu.alu_results["int32_add"])
    finish = recombine + partials * x.output_bytes / x.store_bytes + x.cta_cycles
    latency = x.step_latency / (stages - 1.0)
    return TileTerms(step_bytes, resident, stages, multiply, fragments, latency, finish, max(multiply, fragments))
