"""The two kernels that decode attention takes: split-KV on tensor cores, and one CTA per query head on CUDA cores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from narrowgauge.dataflows import attention_terms as terms
from narrowgauge.dataflows.attention_profiles import AttentionProfile, ScalarFallback
from narrowgauge.dataflows.attention_splits import split_parts, splitting
from narrowgauge.dataflows.attention_terms import NS_PER_US, Precision, Shape
from narrowgauge.dataflows.attention_tiles import ceil_div
from narrowgauge.dataflows.family import Array
from narrowgauge.dataflows.resources import GpuResources

#: bytes of an element of a partial result (FP32, written by one kernel and read by the next)
PARTIAL_BYTES = 8
#: CTAs of the CUDA-core kernel that share an SM (256 threads, little shared memory)
SCALAR_CTAS_PER_SM = 8
#: fewest tokens that a CTA of the CUDA-core kernel walks over when a sequence is divided
SCALAR_MIN_TOKENS = 128


@dataclass(frozen=True)
class DecodeKernel:
    """One kernel's columns: its latency (without the call's appends), its fixed part, work and traffic, and how it was cut."""

    latency_us: Array
    launch_us: Array
    tensor_us: Array
    cuda_us: Array
    l2_bytes: Array
    macs: Array
    scores: Array
    tile_m: Array
    parts: Array
    ctas: Array


def cache_elements(shape: Shape) -> Array:
    """Elements of keys and values that one call reads."""
    return np.asarray(shape.batch * shape.tokens_read * shape.kv_heads * shape.kv_elements)


def takes_scalar(rule: ScalarFallback, shape: Shape, formats: Precision, gpu: GpuResources) -> Array:
    """Whether a row takes the CUDA-core kernel."""
    ungrouped = (shape.group == 1) | (shape.group > rule.max_group)
    if formats.kv_bytes < formats.query_bytes:
        return np.asarray(ungrouped)
    busy = shape.batch * shape.kv_heads * ceil_div(shape.tokens_read, rule.tokens_per_block) * rule.block_factor
    return np.asarray(ungrouped | (busy < gpu.sm_count))


@dataclass(frozen=True)
class DecodeCut:
    """How the tensor-core kernel is cut: tile, CTAs that share an SM, KV blocks of a sequence, tiles over the query heads of a KV
    head, CTAs before splitting, whether the splitting variant runs, and into how many parts."""

    tile_m: Array
    tile_n: Array
    occupancy: Array
    blocks: Array
    m_tiles: Array
    grid: Array
    is_split: Array
    parts: Array

    @property
    def ctas(self) -> Array:
        """CTAs that are launched."""
        return np.asarray(self.grid * self.parts)


def cut_of(shape: Shape, profile: AttentionProfile, formats: Precision, gpu: GpuResources) -> DecodeCut:
    """The query heads of a group are padded to a tile's rows, sequences are split until the machine is full."""
    split, seen = profile.split, shape.tokens_read
    pack = shape.group if profile.packs_gqa or profile.packs_single else np.ones_like(shape.group)
    tile_m, tile_n = profile.tile(shape.head_dim, pack, formats.mac == "fp8")
    occupancy = profile.occupancy(shape.head_dim)
    is_split = splitting(split, ceil_div(seen, tile_n), shape, gpu.sm_count * occupancy)
    if split.tiles is not None:
        split_m, split_n = split.tiles.tile(shape.head_dim)
        is_split = splitting(split, ceil_div(seen, split_n), shape, gpu.sm_count * occupancy)
        tile_m, tile_n = np.where(is_split, split_m, tile_m), np.where(is_split, split_n, tile_n)
        occupancy = np.where(is_split, np.maximum(occupancy // 2, 1), occupancy)
    blocks = shape.step // tile_n - (shape.step + 1 - seen) // tile_n + 1
    m_tiles = ceil_div(pack, tile_m) * ceil_div(shape.heads, shape.kv_heads * pack)
    grid = shape.batch * shape.kv_heads * m_tiles
    divided = shape.step // tile_n + 1 if split.whole_history and formats.kv_bytes > 1 else blocks
    parts = np.where(is_split, split_parts(split, grid, divided, shape, gpu.sm_count * occupancy), 1)
    return DecodeCut(tile_m, tile_n, occupancy, blocks, m_tiles, grid, is_split, parts)


def fixed_us(shape: Shape, cut: DecodeCut, profile: AttentionProfile, params: Mapping[str, float]) -> Array:
    """Time of a CTA of the tensor-core kernel besides its KV blocks."""
    split = profile.split
    cta_us = params["cta_us"] + params["width_us"] * shape.value_dim / terms.REFERENCE_HEAD_DIM
    if split.most > 1:
        cta_us = cta_us + np.where(cut.is_split, params["split_cta_us"], 0.0)
    if split.empty_parts:
        cta_us = cta_us + np.where(cut.is_split, params["search_ns"] / NS_PER_US * shape.batch, 0.0)
    return np.asarray(cta_us)


def tiled_traffic(shape: Shape, cut: DecodeCut, formats: Precision) -> tuple[Array, Array]:
    """Bytes of the tensor-core kernel through the L2, and of its working set."""
    once = shape.cache_bytes(formats) + shape.query_and_output_bytes(formats)
    partial = np.where(cut.parts > 1, PARTIAL_BYTES * shape.batch * shape.heads * cut.parts * shape.value_dim, 0)
    return once + partial + shape.cache_bytes(formats) * (cut.m_tiles - 1), once + partial


def combine_us(cut: DecodeCut, profile: AttentionProfile, params: Mapping[str, float]) -> Array:
    """Time of the second kernel that combines the parts of split sequences."""
    if profile.split.most <= 1:
        return np.zeros(cut.parts.shape)
    return np.where(cut.parts > 1, params["combine_us"] + params["part_ns"] / NS_PER_US * cut.parts, 0.0)


def sm_time(
    shape: Shape,
    cut: DecodeCut,
    cycles: terms.TileCycles,
    profile: AttentionProfile,
    gpu: GpuResources,
    params: Mapping[str, float],
) -> Array:
    """Time of the SMs for all waves of the tensor-core kernel."""
    resident = np.clip(cut.ctas / gpu.sm_count, 1.0, cut.occupancy)
    block_us = np.maximum(resident * cycles.steady, cycles.steady + params["block_cycles"]) / gpu.clock_mhz
    cta_us = fixed_us(shape, cut, profile, params) + ceil_div(cut.blocks, cut.parts) * block_us
    waves = cut.ctas / (gpu.sm_count * resident)
    return np.asarray(np.maximum(waves + params["tail"] * (np.ceil(waves) - waves), 1.0) * cta_us)


def tiled_kernel(
    shape: Shape, profile: AttentionProfile, formats: Precision, gpu: GpuResources, params: Mapping[str, float]
) -> DecodeKernel:
    """The tensor-core kernel: waves of CTAs against the memory system."""
    cut = cut_of(shape, profile, formats, gpu)
    cycles = terms.tile_cycles(shape, cut.tile_m, cut.tile_n, formats, gpu, params)
    sm_us = sm_time(shape, cut, cycles, profile, gpu, params)
    traffic, footprint = tiled_traffic(shape, cut, formats)
    latency = params["launch_us"] + terms.overlapped(sm_us, *memory_times(traffic, footprint, gpu, params))
    latency = latency + combine_us(cut, profile, params)
    steps = (cut.grid * cut.blocks).astype(np.float64)
    return DecodeKernel(
        latency_us=latency,
        launch_us=np.full(latency.shape, params["launch_us"]),
        tensor_us=steps * cycles.mma / (gpu.sm_count * gpu.clock_mhz),
        cuda_us=steps * cycles.softmax / (gpu.sm_count * gpu.clock_mhz),
        l2_bytes=traffic.astype(np.float64),
        macs=steps * cut.tile_m * cut.tile_n * (shape.head_dim + shape.value_dim),
        scores=steps * cut.tile_m * cut.tile_n,
        tile_m=cut.tile_m,
        parts=cut.parts,
        ctas=cut.ctas,
    )


def scalar_kernel(shape: Shape, formats: Precision, gpu: GpuResources, params: Mapping[str, float]) -> DecodeKernel:
    """The CUDA-core kernel: a CTA per query head and part; every query head reads its keys and values again through the L2."""
    grid, seen = shape.batch * shape.heads, shape.tokens_read
    parts = np.clip(SCALAR_CTAS_PER_SM * gpu.sm_count // np.maximum(grid, 1), 1, ceil_div(seen, SCALAR_MIN_TOKENS))
    macs = (grid * seen).astype(np.float64) * (shape.head_dim + shape.value_dim)
    lanes_us = macs * params["scalar_ops"] / (gpu.alu_results["fp32"] * gpu.sm_count * gpu.clock_mhz)
    sm_us = lanes_us + params["scalar_cta_us"] * np.maximum(grid * parts / gpu.sm_count, 1.0)
    chain_us = ceil_div(seen, parts) * params["scalar_chain_ns"] / NS_PER_US
    l2_us, dram_us = scalar_memory_times(shape, formats, gpu, params)
    return DecodeKernel(
        latency_us=params["scalar_launch_us"] + terms.overlapped(sm_us, chain_us, l2_us, dram_us),
        launch_us=np.full(grid.shape, params["scalar_launch_us"]),
        tensor_us=np.zeros(grid.shape),
        cuda_us=lanes_us,
        l2_bytes=_scalar_traffic(shape, formats).astype(np.float64),
        macs=macs,
        scores=(grid * seen).astype(np.float64),
        tile_m=np.ones_like(grid),
        parts=parts,
        ctas=grid * parts,
    )


def _scalar_traffic(shape: Shape, formats: Precision) -> Array:
    return np.asarray(shape.cache_bytes(formats) * shape.group + shape.query_and_output_bytes(formats))


def scalar_memory_times(shape: Shape, formats: Precision, gpu: GpuResources, params: Mapping[str, float]) -> tuple[Array, Array]:
    """L2 and DRAM time of the CUDA-core kernel."""
    footprint = shape.cache_bytes(formats) + shape.query_and_output_bytes(formats)
    return memory_times(_scalar_traffic(shape, formats), footprint, gpu, params)


def choose(condition: Array, yes: DecodeKernel, no: DecodeKernel) -> DecodeKernel:
    """Row by row one kernel or the other."""
    return DecodeKernel(*(np.where(condition, getattr(yes, f.name), getattr(no, f.name)) for f in fields(DecodeKernel)))


def memory_times(traffic: Array, footprint: Array, gpu: GpuResources, params: Mapping[str, float]) -> tuple[Array, Array]:
    """L2 and DRAM time of a kernel that reads `traffic` bytes through the L2 from a working set of `footprint` bytes."""
    missed = footprint * terms.l2_miss_share(footprint, gpu, params["l2_share"])
    l2_us = traffic / (terms.l2_bytes_per_us(gpu) * params["l2_efficiency"])
    return l2_us, missed / (gpu.dram_bytes_per_us * params["dram_efficiency"])
