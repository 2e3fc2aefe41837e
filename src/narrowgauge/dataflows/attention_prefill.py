"""Attention over new tokens: the FlashAttention family of prefill kernels.

A call costs a fixed launch; the append of new keys and values to the paged cache (with quantisation and rotation where the
library fuses them); and the attention kernel, whose CTAs each take `tile_m` query rows and walk the causal triangle in KV blocks.
The kernel takes as long as the busiest of: the SMs (tiles in waves, the longest tile, the ragged tail), the L2 (every CTA reads
its own KV), and the DRAM. Composition: launch + throttled(append + overlapped(SMs, L2, DRAM)) + combine of split sequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows import attention_features as features
from narrowgauge.dataflows import attention_terms as terms
from narrowgauge.dataflows.attention_profiles import AttentionProfile, prefill_profile
from narrowgauge.dataflows.attention_splits import split_parts
from narrowgauge.dataflows.attention_terms import NS_PER_US, Precision, Shape
from narrowgauge.dataflows.attention_tiles import TileCounts, causal_tiles, ceil_div
from narrowgauge.dataflows.family import FAMILIES, Array, Columns, KernelCost, Parameter, Variant
from narrowgauge.dataflows.resources import GpuResources

#: upper edges of the size classes, in query-key pairs × heads (a pair costs 4·head_dim operations)
SIZE_EDGES = (1e7, 1e8, 1e9, 1e10)

# fmt: off
_BASE = (
    Parameter("launch_us", 8.0, 1.0, 60.0, "us", "fixed time of a call: all its kernels, their prologues and drains", log=True),
    Parameter("cta_us", 1.0, 0.02, 20.0, "us", "prologue and epilogue of a CTA, per 128 of head dimension", log=True),
    Parameter("mma_efficiency", 0.75, 0.1, 1.0, "1", "share of the tensor cores' rate in the steady state", log=True),
    Parameter("softmax_ops", 6.0, 1.0, 60.0, "1", "FP32 operations per score: scale, maximum, subtract, sum, convert", log=True),
    Parameter("exposed", 0.3, 0.0, 1.0, "1", "share of the shorter of MMA and softmax not hidden behind the longer"),
    Parameter("block_cycles", 600.0, 20.0, 8000.0, "cycle", "latency per KV block of a CTA that is alone on its SM", log=True),
    Parameter("mask_blocks", 0.8, 0.0, 4.0, "block", "extra work of a block that the diagonal or a window's edge cuts"),
    Parameter("tail", 0.7, 0.0, 1.5, "1", "share of the last, partly filled wave that is lost when tiles are equally long"),
    Parameter("ragged", 0.5, 0.0, 2.0, "1", "excess of the longest tile over the mean that the schedule does not balance"),
    Parameter("l2_efficiency", 0.6, 0.1, 1.0, "1", "share of the measured L2 read bandwidth", log=True),
    Parameter("dram_efficiency", 0.8, 0.3, 1.0, "1", "share of the DRAM bandwidth", log=True),
    Parameter("append_passes", 1.5, 0.0, 12.0, "1", "times that new keys and values cross the DRAM before attention"),
    Parameter("token_ns", 50.0, 0.1, 3000.0, "ns", "SM time per new token of kernels that append, rotate or quantise", log=True),
    Parameter("clock_drop", 0.1, 0.0, 0.35, "1", "loss of clock under the power cap in long kernels"),
    Parameter("clock_settle_us", 15000.0, 200.0, 50000.0, "us", "kernel time at which half of that loss has set in", log=True),
)
_PACKED = Parameter("row_ns", 10.0, 0.05, 200.0, "ns", "gather and scatter of a query row where heads share a tile", log=True)
_COMBINE = Parameter("combine_us", 3.0, 0.0, 30.0, "us", "second kernel that combines the parts of a split sequence")
_QUERIES = Parameter("query_passes", 1.5, 0.0, 12.0, "1", "times that queries cross the DRAM before attention")
_SCANNED = Parameter("skipped_blocks", 0.1, 0.0, 1.0, "block", "work of a block before the window, visited and found empty")
# fmt: on


@dataclass(frozen=True)
class Cut:
    """How a call is cut: heads per tile, tiles, CTAs (`sequences` × tiles), parts of each, and the steps of all CTAs."""

    pack: Array
    tile_m: Array
    tile_n: Array
    tiles: TileCounts
    sequences: Array
    parts: Array

    @property
    def ctas(self) -> Array:
        """CTAs before splitting."""
        return np.asarray(self.sequences * self.tiles.q_tiles)

    @property
    def steps(self) -> Array:
        """KV blocks of all CTAs."""
        return np.asarray(self.sequences * self.tiles.blocks, dtype=np.float64)


class AttentionPrefill:
    """Causal attention of `isl` new tokens per sequence behind `step` cached ones. The module says what it is made of."""

    name = "attention-prefill"
    columns = terms.COLUMNS
    group = terms.GROUP

    def parameters(self, variant: Variant, gpu: GpuResources) -> tuple[Parameter, ...]:
        """The fitted numbers of a variant; what its kernel does not do has no parameter."""
        profile = prefill_profile(variant.library, gpu.architecture)
        return (
            *_BASE,
            *terms.quantised_cache(variant),
            *(_PACKED,) * profile.packs_gqa,
            *(_QUERIES,) * profile.moves_queries,
            *(_SCANNED,) * profile.scans_window,
            *(_COMBINE,) * (profile.split.most > 1),
        )

    def cost(self, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> KernelCost:
        """Cost of every row, microseconds; UnsupportedError if the GPU cannot run the precision."""
        shape = Shape.of(rows)
        profile = prefill_profile(variant.library, gpu.architecture)
        formats = terms.precision_of(variant, profile, gpu)
        cut = cut_of(shape, profile, formats, gpu)
        cycles = terms.tile_cycles(shape, cut.tile_m, cut.tile_n, formats, gpu, params)
        sm_us = sm_time(shape, cut, cycles, profile, gpu, params)

        unique, l2_bytes, operand_bytes = traffic(shape, cut, formats)
        append = append_bytes(shape, profile, formats, params)
        dram_us, l2_us = unique / gpu.dram_bytes_per_us, l2_bytes / terms.l2_bytes_per_us(gpu)
        kernel_us = terms.overlapped(sm_us, l2_us / params["l2_efficiency"], dram_us / params["dram_efficiency"])
        before_us = append_us(shape, profile, formats, gpu, params)
        latency = params["launch_us"] + terms.throttled(kernel_us + before_us, params)
        if profile.split.most > 1:
            latency = latency + np.where(cut.parts > 1, params["combine_us"], 0.0)

        sm_rate = gpu.sm_count * gpu.clock_mhz
        scores = cut.steps * cut.tile_m * cut.tile_n
        return KernelCost(
            latency_us=latency,
            busy_us={
                "tensor_core": cut.steps * cycles.mma / sm_rate,
                "cuda_core": cut.steps * cycles.softmax / sm_rate,
                "dram": dram_us + append / gpu.dram_bytes_per_us,
                "l2": l2_us,
                "smem": operand_bytes / (sm_rate * gpu.smem_bytes_per_sm_cycle),
                "launch": np.full(latency.shape, params["launch_us"]),
            },
            actions={
                "dram_byte": unique + append,
                "l2_byte": l2_bytes + append,
                "smem_byte": operand_bytes,
                f"mac_{formats.mac}": scores * (shape.head_dim + shape.value_dim),
                "alu_fp32": scores * params["softmax_ops"],
                "alu_sfu": scores,
            },
            choice={"tile_m": cut.tile_m, "tile_n": cut.tile_n, "splits": cut.parts, "ctas": cut.ctas * cut.parts},
        )

    def roofline_us(self, rows: Columns, variant: Variant, gpu: GpuResources) -> Array:
        """Every operand once from DRAM, against the unmasked products at the tensor cores' peak."""
        formats = terms.precision_of(variant, prefill_profile(variant.library, gpu.architecture), gpu)
        return terms.roofline_us(Shape.of(rows), formats, gpu)

    def features(self, rows: Columns, variant: Variant, gpu: GpuResources, cost: KernelCost) -> dict[str, Array]:
        """Logarithms of the dimensions, of each resource's share, and how well tiles and waves are filled."""
        shape = Shape.of(rows)
        filled = shape.isl * _packing(prefill_profile(variant.library, gpu.architecture), shape)
        tile_m = cost.choice["tile_m"]
        return {
            **features.dimensions(shape),
            **features.limits(cost, gpu.sm_count),
            "log_isl": features.safe_log(shape.isl),
            "log_step": np.log1p(shape.step.astype(np.float64)),
            "log_pairs": features.safe_log(shape.pairs),
            "tile_fill": filled / (ceil_div(filled, tile_m) * tile_m),
        }

    def size_class(self, rows: Columns) -> Array:
        """0 to 4 by the query-key pairs of all heads: below 1e7, 1e8, 1e9, 1e10, above."""
        return np.searchsorted(SIZE_EDGES, Shape.of(rows).pairs.astype(np.float64), side="right")


def _packing(profile: AttentionProfile, shape: Shape) -> Array:
    """Query heads that share one tile."""
    if profile.packs_gqa:
        return shape.group
    return np.where((shape.isl == 1) & profile.packs_single, shape.group, 1)


def cut_of(shape: Shape, profile: AttentionProfile, formats: Precision, gpu: GpuResources) -> Cut:
    """Tiles, CTAs and parts of every row."""
    pack = _packing(profile, shape)
    tile_m, tile_n = profile.tile(shape.head_dim, shape.isl * pack, formats.mac == "fp8")
    tiles = causal_tiles(shape.isl, shape.step, shape.window, pack, tile_m, tile_n)
    sequences = shape.batch * ceil_div(shape.heads, pack)
    parts = split_parts(profile.split, sequences * tiles.q_tiles, tiles.longest, shape, gpu.sm_count)
    return Cut(pack, tile_m, tile_n, tiles, sequences, parts)


def fixed_us(shape: Shape, cut: Cut, profile: AttentionProfile, params: Mapping[str, float]) -> Array:
    """Time of a CTA besides its KV blocks."""
    cta_us = params["cta_us"] * shape.value_dim / terms.REFERENCE_HEAD_DIM
    if profile.packs_gqa:
        rows = np.where(cut.pack > 1, shape.isl * cut.pack / cut.tiles.q_tiles, 0.0)
        cta_us = cta_us + params["row_ns"] / NS_PER_US * rows
    return np.asarray(cta_us)


def sm_time(
    shape: Shape,
    cut: Cut,
    cycles: terms.TileCycles,
    profile: AttentionProfile,
    gpu: GpuResources,
    params: Mapping[str, float],
) -> Array:
    """Time of all CTAs on the SMs: the work spread evenly, what the schedule leaves idle, and never less than the longest CTA."""
    tiles = cut.tiles
    resident = np.clip(cut.ctas * cut.parts / gpu.sm_count, 1.0, profile.occupancy(shape.head_dim))
    block_us = np.maximum(resident * cycles.steady, cycles.steady + params["block_cycles"]) / gpu.clock_mhz
    cta_us = fixed_us(shape, cut, profile, params)
    blocks = tiles.blocks + params["mask_blocks"] * tiles.masked
    if profile.scans_window:
        whole = causal_tiles(shape.isl, shape.step, np.zeros_like(shape.window), cut.pack, cut.tile_m, cut.tile_n)
        blocks = blocks + params["skipped_blocks"] * (whole.blocks - tiles.blocks)
    mean_us = cta_us + blocks / tiles.q_tiles * block_us
    longest_us = np.maximum(cta_us + (tiles.longest / cut.parts + params["mask_blocks"]) * block_us, mean_us / cut.parts)
    waves = cut.ctas / (gpu.sm_count * resident)
    idle_us = (np.ceil(waves) - waves) * mean_us * np.minimum(mean_us / longest_us, 1.0)
    uneven_us = np.maximum(longest_us - mean_us, 0.0) * np.clip(waves - 1.0, 0.0, 1.0)
    lost_us = np.where(cut.parts > 1, 0.0, params["tail"] * idle_us + params["ragged"] * uneven_us)
    return np.maximum(longest_us, waves * mean_us + lost_us)


def traffic(shape: Shape, cut: Cut, formats: Precision) -> tuple[Array, Array, Array]:
    """Bytes of the attention kernel: each operand once, through the L2 (every CTA its own KV), and into and out of shared
    memory."""
    q_and_o = shape.query_and_output_bytes(formats)
    unique = shape.cache_bytes(formats) + q_and_o
    visited = cut.steps * cut.tile_n * shape.kv_elements * formats.kv_bytes
    return unique.astype(np.float64), visited + q_and_o, 2.0 * visited


def append_bytes(shape: Shape, profile: AttentionProfile, formats: Precision, params: Mapping[str, float]) -> Array:
    """Bytes that move before attention: new keys and values into the cache, and queries where the library rewrites them."""
    moved = params["append_passes"] * shape.kv_heads * shape.kv_elements * (terms.WIDE_BYTES + formats.kv_bytes) / 2.0
    if profile.moves_queries:
        queries = shape.heads * shape.head_dim * (terms.WIDE_BYTES + formats.query_bytes) / 2.0
        moved = moved + params["query_passes"] * queries
    return np.asarray(shape.tokens * moved)


def append_us(
    shape: Shape, profile: AttentionProfile, formats: Precision, gpu: GpuResources, params: Mapping[str, float]
) -> Array:
    """Time of the kernels before attention: bytes over DRAM, and work per new token."""
    moved_us = append_bytes(shape, profile, formats, params) / (gpu.dram_bytes_per_us * params["dram_efficiency"])
    return np.asarray(moved_us + params["token_ns"] / NS_PER_US * shape.tokens / gpu.sm_count)


FAMILIES.register(AttentionPrefill.name, AttentionPrefill())
