"""Attention over new tokens: the FlashAttention family of prefill kernels.

A call costs: a fixed launch; the append of new keys and values to the paged cache (with quantisation and rotation where the library fuses them); and
the attention kernel, whose CTAs each take `tile_m` query rows and walk the causal triangle in KV blocks. The kernel takes as long as the busiest of:
the SMs (tiles in waves, the longest tile, the ragged tail), the L2 (every CTA reads its own KV), the DRAM (what the L2 does not hold).
Composition: launch + throttled(append + overlapped(SMs, L2, DRAM)).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from narrowgauge.dataflows import attention_terms as terms
from narrowgauge.dataflows.attention_profiles import AttentionProfile, prefill_profile
from narrowgauge.dataflows.attention_splits import split_parts
from narrowgauge.dataflows.attention_tiles import causal_tiles, ceil_div
from narrowgauge.dataflows.family import FAMILIES, Array, Columns, KernelCost, Parameter, Variant
from narrowgauge.dataflows.resources import GpuResources

#: upper edges of the size classes, in query-key pairs × heads (a pair costs 4·head_dim operations)
SIZE_EDGES = (1e7, 1e8, 1e9, 1e10)

_BASE = (
    Parameter("launch_us", 8.0, 1.0, 60.0, "us", "fixed time of a call: all its kernels, their prologues and drains", log=True),
    Parameter(
        "cta_us",
        1.5,
        0.02,
        20.0,
        "us",
        "prologue and epilogue of a CTA per 128 of head dimension, not hidden behind other CTAs",
        log=True,
    ),
    Parameter("mma_efficiency", 0.75, 0.1, 1.0, "1", "share of the tensor cores' rate in the steady state", log=True),
    Parameter("softmax_ops", 6.0, 1.0, 60.0, "1", "FP32 operations per score: scale, maximum, subtract, sum, convert", log=True),
    Parameter("exposed", 0.3, 0.0, 1.0, "1", "share of the shorter of MMA and softmax that does not hide behind the longer"),
    Parameter(
        "block_cycles", 600.0, 20.0, 8000.0, "cycle", "latency per KV block of a CTA that shares its SM with no other", log=True
    ),
    Parameter("mask_blocks", 0.5, 0.0, 2.0, "block", "extra work of a block that the diagonal or a window's edge cuts"),
    Parameter("tail", 0.7, 0.0, 1.5, "1", "share of the last, partly filled wave that is lost when tiles are equally long"),
    Parameter("ragged", 0.5, 0.0, 1.5, "1", "excess of the longest tile over the mean that the schedule fails to balance"),
    Parameter("l2_efficiency", 0.6, 0.1, 1.0, "1", "share of the measured L2 read bandwidth", log=True),
    Parameter("dram_efficiency", 0.8, 0.3, 1.0, "1", "share of the DRAM bandwidth", log=True),
    Parameter(
        "append_passes",
        1.5,
        0.0,
        12.0,
        "1",
        "times the new keys and values (and queries, where they move) cross the DRAM before attention",
    ),
    Parameter(
        "token_ns", 50.0, 0.1, 3000.0, "ns", "SM time per new token of the kernels that append, rotate or quantise", log=True
    ),
    Parameter("clock_drop", 0.1, 0.0, 0.35, "1", "loss of clock under the power cap in long kernels"),
    Parameter("clock_settle_us", 15000.0, 200.0, 50000.0, "us", "kernel time at which half of that loss has set in", log=True),
)
_PACKED = Parameter(
    "row_ns", 10.0, 0.05, 200.0, "ns", "gather and scatter of one query row where the heads of a group share a tile", log=True
)
_COMBINE = Parameter("combine_us", 3.0, 0.0, 30.0, "us", "second kernel that combines the parts of a split sequence")


class AttentionPrefill:
    """Causal attention of `isl` new tokens per sequence behind `step` cached ones. See the module for what it is made of."""

    name = "attention-prefill"
    columns = terms.COLUMNS
    group = ("num_heads", "num_key_value_heads", "head_dim")

    def parameters(self, variant: Variant, gpu: GpuResources) -> tuple[Parameter, ...]:
        """The fitted numbers of a variant; a kernel that neither packs nor splits has no parameter for it."""
        profile = prefill_profile(variant.library, gpu.architecture)
        return _BASE + (_PACKED,) * profile.packs_gqa + (_COMBINE,) * (profile.split.most > 1)

    def cost(self, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> KernelCost:
        """Cost of every row, microseconds; UnsupportedError if the GPU cannot run the precision."""
        shape = terms.Shape.of(rows)
        profile = prefill_profile(variant.library, gpu.architecture)
        formats = terms.precision_of(variant, profile, gpu)
        pack = _packing(profile, shape)
        tile_m, tile_n = profile.tile(shape.head_dim, shape.isl * pack, formats.mac == "fp8")
        window = shape.window if profile.skips_window else np.zeros_like(shape.window)
        tiles = causal_tiles(shape.isl, shape.step, window, pack, tile_m, tile_n)
        sequences = shape.batch * ceil_div(shape.heads, pack)
        ctas = sequences * tiles.q_tiles
        cycles = terms.tile_cycles(shape, tile_m, tile_n, formats.mac, gpu, params)

        parts = split_parts(profile.split, ctas, tiles.longest, shape, gpu.sm_count)
        resident = np.clip(ctas * parts / gpu.sm_count, 1.0, profile.occupancy(shape.head_dim))
        block_us = np.maximum(resident * cycles.steady, cycles.steady + params["block_cycles"]) / gpu.clock_mhz
        fixed_us = params["cta_us"] * shape.value_dim / terms.REFERENCE_HEAD_DIM
        if profile.packs_gqa:
            fixed_us = fixed_us + params["row_ns"] / terms.NS_PER_US * np.where(pack > 1, shape.isl * pack / tiles.q_tiles, 0.0)
        blocks = tiles.blocks + params["mask_blocks"] * tiles.masked
        mean_us = fixed_us + blocks / tiles.q_tiles * block_us
        longest_us = np.maximum(fixed_us + (tiles.longest / parts + params["mask_blocks"]) * block_us, mean_us / parts)
        waves = ctas / (gpu.sm_count * resident)
        idle = (np.ceil(waves) - waves) * mean_us * np.minimum(mean_us / longest_us, 1.0)
        uneven = np.maximum(longest_us - mean_us, 0.0) * np.clip(waves - 1.0, 0.0, 1.0)
        sm_us = np.maximum(
            longest_us, waves * mean_us + np.where(parts > 1, 0.0, params["tail"] * idle + params["ragged"] * uneven)
        )

        moved = shape.tokens * (shape.kv_heads * shape.kv_elements + shape.heads * shape.head_dim * profile.moves_queries)
        q_and_o = shape.tokens * shape.heads * (shape.head_dim * formats.query_bytes + shape.value_dim * terms.OUTPUT_BYTES)
        seen = np.where(shape.window > 0, np.minimum(shape.step, shape.window), shape.step) + shape.isl
        unique = (shape.batch * seen * shape.kv_heads * shape.kv_elements * formats.kv_bytes + q_and_o).astype(np.float64)
        l2_bytes = (sequences * tiles.blocks * tile_n * shape.kv_elements * formats.kv_bytes + q_and_o).astype(np.float64)
        dram_us = unique / gpu.dram_bytes_per_us
        l2_us = l2_bytes / terms.l2_bytes_per_us(gpu)
        append_bytes = params["append_passes"] * moved * (formats.kv_bytes + formats.query_bytes) / 2.0
        append_us = (
            append_bytes / (gpu.dram_bytes_per_us * params["dram_efficiency"])
            + params["token_ns"] / terms.NS_PER_US * shape.tokens / gpu.sm_count
        )
        kernel_us = terms.overlapped(sm_us, l2_us / params["l2_efficiency"], dram_us / params["dram_efficiency"])
        latency = params["launch_us"] + terms.throttled(kernel_us + append_us, params)
        if profile.split.most > 1:
            latency = latency + np.where(parts > 1, params["combine_us"], 0.0)

        steps = (sequences * tiles.blocks).astype(np.float64)
        sm_rate = gpu.sm_count * gpu.clock_mhz
        scores = steps * tile_m * tile_n
        operand_bytes = (
            steps * tile_n * shape.kv_elements * formats.kv_bytes + ctas * tile_m * shape.head_dim * formats.query_bytes
        )
        return KernelCost(
            latency_us=latency,
            busy_us={
                "tensor_core": steps * cycles.mma / sm_rate,
                "cuda_core": steps * cycles.softmax / sm_rate,
                "dram": dram_us,
                "l2": l2_us,
                "smem": 2.0 * operand_bytes / (sm_rate * gpu.smem_bytes_per_sm_cycle),
                "launch": np.full(latency.shape, params["launch_us"]),
            },
            actions={
                "dram_byte": unique + append_bytes,
                "l2_byte": l2_bytes + append_bytes,
                "smem_byte": 2.0 * operand_bytes,
                f"mac_{formats.mac}": scores * (shape.head_dim + shape.value_dim),
                "alu_fp32": scores * params["softmax_ops"],
                "alu_sfu": scores,
            },
            choice={"tile_m": tile_m, "tile_n": tile_n, "splits": parts, "ctas": ctas * parts},
        )

    def features(self, rows: Columns, variant: Variant, gpu: GpuResources, cost: KernelCost) -> dict[str, Array]:
        """Logarithms of the dimensions, of each resource's share, and how well tiles and waves are filled."""
        shape = terms.Shape.of(rows)
        profile = prefill_profile(variant.library, gpu.architecture)
        filled = shape.isl * _packing(profile, shape)
        tile_m = cost.choice["tile_m"]
        waves = cost.choice["ctas"] / gpu.sm_count
        return {
            **dimension_features(shape),
            **share_features(cost),
            "log_isl": terms.safe_log(shape.isl),
            "log_pairs": terms.safe_log(pairs(shape)),
            "log_waves": terms.safe_log(waves),
            "wave_fill": waves / np.ceil(waves),
            "tile_fill": filled / (ceil_div(filled, tile_m) * tile_m),
        }

    def size_class(self, rows: Columns) -> Array:
        """0 to 4 by the query-key pairs of all heads: below 1e7, 1e8, 1e9, 1e10, above."""
        return np.searchsorted(SIZE_EDGES, pairs(terms.Shape.of(rows)).astype(np.float64), side="right")


def pairs(shape: terms.Shape) -> Array:
    """Query-key pairs that the mask lets through, over the batch and all query heads."""
    reach = np.where(shape.window > 0, shape.window + 1, shape.step + shape.isl)
    # tokens 0 .. grow-1 see one key more each, the others all of `reach`
    grow = np.clip(reach - shape.step, 0, shape.isl)
    per_head = grow * np.minimum(shape.step, reach) + grow * (grow + 1) // 2 + (shape.isl - grow) * reach
    return shape.batch * shape.heads * np.maximum(per_head, 1)


def dimension_features(shape: terms.Shape) -> dict[str, Array]:
    """Logarithms of the dimensions that every attention kernel has."""
    return {
        "log_batch": terms.safe_log(shape.batch),
        "log_heads": terms.safe_log(shape.heads),
        "log_kv_heads": terms.safe_log(shape.kv_heads),
        "log_group": terms.safe_log(shape.group),
        "head_dim": shape.head_dim.astype(np.float64),
        "log_window": np.log1p(shape.window.astype(np.float64)),
    }


def share_features(cost: KernelCost) -> dict[str, Array]:
    """The predicted latency, and how much of it each resource is busy."""
    shares = {
        f"log_{name}_share": terms.safe_log(busy / cost.latency_us) for name, busy in cost.busy_us.items() if name != "smem"
    }
    return {"log_latency": terms.safe_log(cost.latency_us), **shares}


def _packing(profile: AttentionProfile, shape: terms.Shape) -> Array:
    """Query heads that share one tile."""
    if profile.packs_gqa:
        return shape.group
    return np.where((shape.isl == 1) & profile.packs_single, shape.group, 1)


FAMILIES.register(AttentionPrefill.name, AttentionPrefill())
