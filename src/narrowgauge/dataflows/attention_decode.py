"""Attention of one new token per sequence: split-KV ("flash-decoding") kernels, and the CUDA-core kernels some libraries fall back to.

A CTA holds the query heads of one KV head as the rows of a tile and walks over a part of that head's cache; few sequences are split into parts until
the machine is full, and a second kernel combines them. The kernel takes as long as the busiest of: the SMs (waves of CTAs, each a serial chain of
blocks), the L2, and the DRAM for what a repeated call does not find in the L2. Composition: launch + appends + overlapped(SMs, L2, DRAM) + combine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows import attention_terms as terms
from narrowgauge.dataflows.attention_prefill import dimension_features, share_features
from narrowgauge.dataflows.attention_profiles import AttentionProfile, ScalarFallback, decode_profile
from narrowgauge.dataflows.attention_splits import split_parts, splitting
from narrowgauge.dataflows.attention_tiles import ceil_div
from narrowgauge.dataflows.family import FAMILIES, Array, Columns, KernelCost, Parameter, Variant
from narrowgauge.dataflows.resources import GpuResources

#: upper edges of the size classes, in elements of the cache that are read
SIZE_EDGES = (1e6, 1e7, 1e8, 1e9)
#: bytes of a partial result in the combine kernel's input (FP32, written and read)
PARTIAL_BYTES = 8
#: CTAs of the CUDA-core kernel that share an SM (256 threads, little shared memory)
SCALAR_CTAS_PER_SM = 8

_BASE = (
    Parameter("launch_us", 8.0, 1.0, 60.0, "us", "fixed time of a call: all its kernels, their prologues and drains", log=True),
    Parameter("cta_us", 1.0, 0.02, 20.0, "us", "prologue and epilogue of a CTA", log=True),
    Parameter("width_us", 0.5, 0.01, 20.0, "us", "the same, per 128 of head dimension", log=True),
    Parameter("mma_efficiency", 0.75, 0.05, 1.0, "1", "share of the tensor cores' rate in the steady state", log=True),
    Parameter("softmax_ops", 6.0, 1.0, 60.0, "1", "FP32 operations per score: scale, maximum, subtract, sum, convert", log=True),
    Parameter("exposed", 0.3, 0.0, 1.0, "1", "share of the shorter of MMA and softmax that does not hide behind the longer"),
    Parameter(
        "block_cycles", 800.0, 20.0, 8000.0, "cycle", "latency per KV block of a CTA that shares its SM with no other", log=True
    ),
    Parameter("tail", 0.7, 0.0, 1.5, "1", "share of the last, partly filled wave that is lost"),
    Parameter("l2_efficiency", 0.5, 0.05, 1.0, "1", "share of the measured L2 read bandwidth", log=True),
    Parameter("l2_share", 0.7, 0.1, 1.2, "1", "share of the L2 that keeps a working set from one call to the next", log=True),
    Parameter("dram_efficiency", 0.85, 0.3, 1.0, "1", "share of the DRAM bandwidth", log=True),
    Parameter(
        "head_ns", 20.0, 0.01, 1000.0, "ns", "SM time per query head of the kernels that append, rotate or quantise", log=True
    ),
)
_SPLIT = (
    Parameter("combine_us", 3.0, 0.0, 30.0, "us", "second kernel that combines the parts of a split sequence"),
    Parameter(
        "split_cta_us",
        0.3,
        0.001,
        20.0,
        "us",
        "extra time of a CTA of the splitting variant: its schedule and FP32 partial results",
        log=True,
    ),
)
_SCALAR = (
    Parameter("scalar_launch_us", 8.0, 1.0, 60.0, "us", "fixed time of a call that takes the CUDA-core kernel", log=True),
    Parameter("scalar_cta_us", 1.0, 0.01, 20.0, "us", "SM time per CTA of the CUDA-core kernel", log=True),
    Parameter(
        "scalar_ops",
        3.0,
        0.3,
        60.0,
        "1",
        "FP32 operations of the CUDA-core kernel per multiply-accumulate, conversions included",
        log=True,
    ),
    Parameter(
        "scalar_chain_ns", 20.0, 0.1, 2000.0, "ns", "latency per token of a CTA that walks its part of the cache alone", log=True
    ),
)


@dataclass(frozen=True)
class _Kernel:
    """One kernel's columns: its latency without the call's appends, work on tensor and CUDA cores, and the chosen cut."""

    latency_us: Array
    tensor_us: Array
    cuda_us: Array
    l2_bytes: Array
    macs: Array
    scores: Array
    tile_m: Array
    parts: Array
    ctas: Array


class AttentionDecode:
    """Attention of one new token per sequence over `step` cached tokens and itself. See the module for what it is made of."""

    name = "attention-decode"
    columns = terms.COLUMNS
    group = ("num_heads", "num_key_value_heads", "head_dim")

    def parameters(self, variant: Variant, gpu: GpuResources) -> tuple[Parameter, ...]:
        """The fitted numbers of a variant; a kernel that does not split, or has no CUDA-core twin, has no parameters for it."""
        profile = decode_profile(variant.library, gpu.architecture)
        return _BASE + _SPLIT * (profile.split.most > 1) + _SCALAR * (profile.scalar is not None)

    def cost(self, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> KernelCost:
        """Cost of every row, microseconds; UnsupportedError if the GPU cannot run the precision."""
        shape = terms.Shape.of(rows)
        profile = decode_profile(variant.library, gpu.architecture)
        formats = terms.precision_of(variant, profile, gpu)
        seen = tokens_seen(shape)
        kv_bytes = (shape.batch * seen * shape.kv_heads * shape.kv_elements * formats.kv_bytes).astype(np.float64)
        q_and_o = shape.batch * shape.heads * (shape.head_dim * formats.query_bytes + shape.value_dim * terms.OUTPUT_BYTES)

        kernel = _tiled(shape, seen, kv_bytes, q_and_o, profile, formats, gpu, params)
        if profile.scalar is not None:
            scalar = _scalar(shape, seen, kv_bytes, q_and_o, formats, gpu, params)
            kernel = _choose(takes_scalar(profile.scalar, shape, seen, formats, gpu), scalar, kernel)
        append_us = params["head_ns"] / terms.NS_PER_US * shape.batch * shape.heads / gpu.sm_count
        latency = kernel.latency_us + append_us
        dram_bytes = (kv_bytes + q_and_o) * terms.l2_miss_share(kv_bytes + q_and_o, gpu, params["l2_share"])
        return KernelCost(
            latency_us=latency,
            busy_us={
                "tensor_core": kernel.tensor_us,
                "cuda_core": kernel.cuda_us,
                "dram": dram_bytes / gpu.dram_bytes_per_us,
                "l2": kernel.l2_bytes / terms.l2_bytes_per_us(gpu),
                "smem": 2.0 * kv_bytes / (gpu.sm_count * gpu.smem_bytes_per_sm_cycle * gpu.clock_mhz),
                "launch": np.full(latency.shape, params["launch_us"]),
            },
            actions={
                "dram_byte": dram_bytes,
                "l2_byte": kernel.l2_bytes,
                "smem_byte": 2.0 * kv_bytes,
                f"mac_{formats.mac}": kernel.macs,
                "alu_fp32": kernel.scores * params["softmax_ops"],
                "alu_sfu": kernel.scores,
            },
            choice={"tile_m": kernel.tile_m, "splits": kernel.parts, "ctas": kernel.ctas},
        )

    def features(self, rows: Columns, variant: Variant, gpu: GpuResources, cost: KernelCost) -> dict[str, Array]:
        """Logarithms of the dimensions, of each resource's share, of the cut, and how well waves are filled."""
        shape = terms.Shape.of(rows)
        waves = cost.choice["ctas"] / gpu.sm_count
        return {
            **dimension_features(shape),
            **share_features(cost),
            "log_seen": terms.safe_log(tokens_seen(shape)),
            "log_kv_elements": terms.safe_log(kv_elements_read(shape)),
            "log_splits": terms.safe_log(cost.choice["splits"]),
            "log_waves": terms.safe_log(waves),
            "wave_fill": waves / np.ceil(waves),
        }

    def size_class(self, rows: Columns) -> Array:
        """0 to 4 by the elements of the cache that are read: below 1e6, 1e7, 1e8, 1e9, above."""
        return np.searchsorted(SIZE_EDGES, kv_elements_read(terms.Shape.of(rows)).astype(np.float64), side="right")


def tokens_seen(shape: terms.Shape) -> Array:
    """Tokens of the cache that the new token attends to, itself included."""
    present = shape.step + 1
    return np.where(shape.window > 0, np.minimum(present, shape.window + 1), present)


def kv_elements_read(shape: terms.Shape) -> Array:
    """Elements of keys and values that one call reads."""
    return shape.batch * tokens_seen(shape) * shape.kv_heads * shape.kv_elements


def takes_scalar(rule: ScalarFallback, shape: terms.Shape, seen: Array, formats: terms.Precision, gpu: GpuResources) -> Array:
    """Whether a row takes the CUDA-core kernel."""
    ungrouped = (shape.group == 1) | (shape.group > rule.max_group)
    if formats.kv_bytes < formats.query_bytes:
        return ungrouped
    busy = shape.batch * shape.kv_heads * ceil_div(seen, rule.tokens_per_block) * rule.block_factor
    return ungrouped | (busy < gpu.sm_count)


def _memory(kv_traffic: Array, footprint: Array, gpu: GpuResources, params: Mapping[str, float]) -> tuple[Array, Array]:
    """L2 and DRAM time of a kernel that reads `kv_traffic` bytes through the L2 from a working set of `footprint` bytes."""
    dram = (
        footprint * terms.l2_miss_share(footprint, gpu, params["l2_share"]) / (gpu.dram_bytes_per_us * params["dram_efficiency"])
    )
    return kv_traffic / (terms.l2_bytes_per_us(gpu) * params["l2_efficiency"]), dram


def _tiled(
    shape: terms.Shape,
    seen: Array,
    kv_bytes: Array,
    q_and_o: Array,
    profile: AttentionProfile,
    formats: terms.Precision,
    gpu: GpuResources,
    params: Mapping[str, float],
) -> _Kernel:
    """The tensor-core kernel: the query heads of a group are padded to a tile's rows."""
    pack = shape.group if profile.packs_gqa or profile.packs_single else np.ones_like(shape.group)
    tile_m, tile_n = profile.tile(shape.head_dim, pack, formats.mac == "fp8")
    occupancy = profile.occupancy(shape.head_dim)
    slots = gpu.sm_count * occupancy
    split = profile.split
    is_split = splitting(split, ceil_div(seen, tile_n), shape, slots)
    if split.tiles is not None:
        split_m, split_n = split.tiles.tile(shape.head_dim)
        is_split = splitting(split, ceil_div(seen, split_n), shape, slots)
        tile_m, tile_n = np.where(is_split, split_m, tile_m), np.where(is_split, split_n, tile_n)
        occupancy = np.where(is_split, np.maximum(occupancy // 2, 1), occupancy)
        slots = gpu.sm_count * occupancy
    blocks = ceil_div(seen, tile_n)
    m_tiles = ceil_div(pack, tile_m) * ceil_div(shape.heads, shape.kv_heads * pack)
    grid = shape.batch * shape.kv_heads * m_tiles
    parts = np.where(is_split, split_parts(split, grid, blocks, shape, slots), 1)
    ctas = grid * parts

    cycles = terms.tile_cycles(shape, tile_m, tile_n, formats.mac, gpu, params)
    resident = np.clip(ctas / gpu.sm_count, 1.0, occupancy)
    block_us = np.maximum(resident * cycles.steady, cycles.steady + params["block_cycles"]) / gpu.clock_mhz
    cta_us = (
        params["cta_us"] + params["width_us"] * shape.value_dim / terms.REFERENCE_HEAD_DIM + ceil_div(blocks, parts) * block_us
    )
    if split.most > 1:
        cta_us = cta_us + np.where(is_split, params["split_cta_us"], 0.0)
    waves = ctas / (gpu.sm_count * resident)
    sm_us = np.maximum(waves + params["tail"] * (np.ceil(waves) - waves), 1.0) * cta_us

    partial = np.where(parts > 1, PARTIAL_BYTES * shape.batch * shape.heads * parts * shape.value_dim, 0)
    traffic = kv_bytes * m_tiles + q_and_o + partial
    l2_us, dram_us = _memory(traffic, kv_bytes + q_and_o + partial, gpu, params)
    latency = params["launch_us"] + terms.overlapped(sm_us, l2_us, dram_us)
    if split.most > 1:
        latency = latency + np.where(parts > 1, params["combine_us"], 0.0)
    steps = (grid * blocks).astype(np.float64)
    sm_rate = gpu.sm_count * gpu.clock_mhz
    return _Kernel(
        latency_us=latency,
        tensor_us=steps * cycles.mma / sm_rate,
        cuda_us=steps * cycles.softmax / sm_rate,
        l2_bytes=traffic.astype(np.float64),
        macs=steps * tile_m * tile_n * (shape.head_dim + shape.value_dim),
        scores=steps * tile_m * tile_n,
        tile_m=tile_m,
        parts=parts,
        ctas=ctas,
    )


def _scalar(
    shape: terms.Shape,
    seen: Array,
    kv_bytes: Array,
    q_and_o: Array,
    formats: terms.Precision,
    gpu: GpuResources,
    params: Mapping[str, float],
) -> _Kernel:
    """The CUDA-core kernel: a CTA per query head and part, every head reads its keys and values again through the L2."""
    grid = shape.batch * shape.heads
    parts = np.clip(SCALAR_CTAS_PER_SM * gpu.sm_count // np.maximum(grid, 1), 1, ceil_div(seen, terms.REFERENCE_HEAD_DIM))
    macs = (grid * seen * (shape.head_dim + shape.value_dim)).astype(np.float64)
    lanes_us = macs * params["scalar_ops"] / (gpu.alu_results["fp32"] * gpu.sm_count * gpu.clock_mhz)
    sm_us = lanes_us + params["scalar_cta_us"] * np.maximum(grid * parts / gpu.sm_count, 1.0)
    chain_us = ceil_div(seen, parts) * params["scalar_chain_ns"] / terms.NS_PER_US
    traffic = kv_bytes * shape.group + q_and_o
    l2_us, dram_us = _memory(traffic, kv_bytes + q_and_o, gpu, params)
    return _Kernel(
        latency_us=params["scalar_launch_us"] + terms.overlapped(sm_us, chain_us, l2_us, dram_us),
        tensor_us=np.zeros(grid.shape),
        cuda_us=lanes_us,
        l2_bytes=traffic.astype(np.float64),
        macs=macs,
        scores=(grid * seen).astype(np.float64),
        tile_m=np.ones_like(grid),
        parts=parts,
        ctas=grid * parts,
    )


def _choose(condition: Array, yes: _Kernel, no: _Kernel) -> _Kernel:
    """Row by row one kernel or the other."""
    return _Kernel(**{name: np.where(condition, getattr(yes, name), getattr(no, name)) for name in _Kernel.__dataclass_fields__})


FAMILIES.register(AttentionDecode.name, AttentionDecode())
