"""How the attention kernels of each library are cut: one frozen record per kernel, found by library and architecture.

Sources. FlashAttention-3: Dao-AILab/flash-attention, hopper/tile_size.h, hopper/heuristics.h and the dynamic split rule of
hopper/flash_prepare_scheduler.cu. FlashAttention-2: csrc/flash_attn/src/flash_fwd_launch_template.h and num_splits_heuristic in
csrc/flash_attn/flash_api.cpp. TensorRT-LLM: cpp/kernels/fmha_v2 (prefill), cpp/tensorrt_llm/kernels/xqa and
decoderMaskedMultiheadAttention (decode). SGLang: its Triton attention kernels. Tiles of kernels whose source is not public in
this form (XQA, fmha_v2, FA4) were chosen by what explains their measurements. What surrounds the kernel in a framework's call
(append to the cache, quantise, rotate) is fitted, not listed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.family import Array

#: architectures with warp-group MMA and TMA, for which libraries ship a kernel of its own
WGMMA_ARCHITECTURES = frozenset({"sm90"})
#: wider heads than this fill registers and shared memory with half the co-resident CTAs
FULL_OCCUPANCY_HEAD_DIM = 128


@dataclass(frozen=True)
class TileTable:
    """Tile sizes by head dimension: rows (head_dim up to, query rows, KV tokens); the last row serves everything beyond."""

    rows: tuple[tuple[int, int, int], ...]

    def tile(self, head_dim: Array) -> tuple[Array, Array]:
        """Query rows and KV tokens of the tile for each head dimension."""
        limits, tile_m, tile_n = np.array(self.rows).T
        index = np.minimum(np.searchsorted(limits, head_dim), len(limits) - 1)
        return tile_m[index], tile_n[index]


@dataclass(frozen=True)
class NarrowTiles:
    """Tiles of a single warp group, taken up to a number of query rows and a head dimension."""

    most_rows: int
    most_head_dim: int
    tiles: TileTable
    fp8_tiles: TileTable


@dataclass(frozen=True)
class SplitRule:
    """How one sequence's KV is divided among CTAs ("flash-decoding").

    `most`: largest number of parts, 1 for never. `min_blocks`: sequences of at most that many KV blocks stay whole. `slack`:
    parts are made as if the grid had that share of its work. `most_batch`: larger batches are never split. `needs_group`: only
    grouped heads are. `tiles` and half the co-resident CTAs replace the profile's once splitting is on. `static`: always `most`
    parts instead of as many as fill the machine. `whole_history`: parts count tokens before the window too. `empty_parts`: CTAs
    without a block start as well."""

    most: int
    min_blocks: int = 0
    slack: float = 1.1
    most_batch: int = 1 << 30
    needs_group: bool = False
    tiles: TileTable | None = None
    static: bool = False
    whole_history: bool = False
    empty_parts: bool = False


@dataclass(frozen=True)
class ScalarFallback:
    """A CUDA-core kernel with one CTA per query head that decode takes instead of its tensor-core kernel: for ungrouped heads,
    for groups above `max_group`, and, over a 16-bit cache, while batch × KV heads × (tokens / `tokens_per_block`) ×
    `block_factor` is below the number of SMs."""

    max_group: int
    tokens_per_block: int
    block_factor: int


@dataclass(frozen=True)
class AttentionProfile:
    """One library's kernel on one class of architectures.

    `packs_gqa`: query heads of one KV head share a tile; `packs_single`: single-token queries do. `ctas_per_sm`: co-resident CTAs
    up to a head dimension of 128, half of them beyond. `scans_window`: blocks before a sliding window are visited and found
    empty. `fp8_math`: an FP8 cache is multiplied in FP8 even under 16-bit queries. `moves_queries`: preprocessing rewrites
    queries too (fused QKV). `narrow`: smaller tiles for few rows. `row_step`: FP8 tiles shrink to a multiple of that many
    rows."""

    name: str
    tiles: TileTable
    fp8_tiles: TileTable
    packs_gqa: bool
    ctas_per_sm: int
    split: SplitRule
    packs_single: bool = True
    scans_window: bool = False
    fp8_math: bool = True
    moves_queries: bool = False
    narrow: NarrowTiles | None = None
    row_step: int = 0
    scalar: ScalarFallback | None = None

    def tile(self, head_dim: Array, rows: Array, fp8: bool) -> tuple[Array, Array]:
        """Query rows and KV tokens of each tile, given the query rows that share one KV head."""
        tile_m, tile_n = (self.fp8_tiles if fp8 else self.tiles).tile(head_dim)
        if self.narrow is not None:
            narrow_m, narrow_n = (self.narrow.fp8_tiles if fp8 else self.narrow.tiles).tile(head_dim)
            is_narrow = (head_dim <= self.narrow.most_head_dim) & (rows <= self.narrow.most_rows)
            tile_m, tile_n = np.where(is_narrow, narrow_m, tile_m), np.where(is_narrow, narrow_n, tile_n)
        if fp8 and self.row_step:
            tile_m = np.minimum(tile_m, -(-rows // self.row_step) * self.row_step)
        return tile_m, tile_n

    def occupancy(self, head_dim: Array) -> Array:
        """Co-resident CTAs of an SM."""
        return np.where(head_dim <= FULL_OCCUPANCY_HEAD_DIM, self.ctas_per_sm, max(self.ctas_per_sm // 2, 1))


_FA3 = TileTable(((64, 192, 128), (96, 192, 128), (128, 128, 128), (192, 128, 96), (256, 128, 80), (1024, 64, 64)))
_FA3_FP8 = TileTable(((64, 192, 160), (96, 192, 128), (128, 128, 160), (192, 128, 160), (256, 128, 128), (1024, 64, 64)))
_FA3_SM80 = TileTable(((64, 128, 112), (96, 128, 64), (128, 128, 64), (192, 128, 64), (256, 128, 96), (1024, 64, 32)))
_FA3_SM80_SPLIT = TileTable(((64, 128, 80), (96, 128, 48), (128, 128, 112), (192, 128, 64), (256, 128, 64), (1024, 64, 32)))
_FA2_PAGED = TileTable(((64, 64, 256), (128, 64, 128), (256, 64, 64), (1024, 64, 32)))
_FMHA = TileTable(((128, 128, 128), (256, 128, 64), (1024, 64, 64)))
_FA4 = TileTable(((128, 128, 128), (1024, 64, 64)))
_TRITON = TileTable(((128, 128, 64), (256, 64, 64), (1024, 32, 32)))
_TRITON_DECODE = TileTable(((1024, 16, 32),))
_XQA = TileTable(((256, 32, 128), (1024, 32, 64)))

#: up to 64 query rows FA3 uses one warp group
_FA3_NARROW = NarrowTiles(64, 128, TileTable(((64, 64, 192), (128, 64, 128))), TileTable(((64, 64, 128), (128, 64, 96))))
#: FA3 leaves sequences of up to four KV blocks whole, and has no table of parts beyond 992 sequences
_FA3_MIN_BLOCKS = 4
_FA3_MOST_BATCH = 992
_FA_MOST_SPLITS = 128
#: vLLM passes at most this many splits when it records a CUDA graph
_VLLM_GRAPH_SPLITS = 32
#: SGLang's default number of KV splits in its Triton decode kernel
_TRITON_SPLITS = 8
#: XQA divides sequences until the grid holds this many CTAs per SM
_XQA_WAVES = 8
_XQA_MOST_SPLITS = 1024

_NO_SPLIT = SplitRule(1)
_FA2_SPLIT = SplitRule(_FA_MOST_SPLITS, needs_group=True)
_FA3_SPLIT = SplitRule(_FA_MOST_SPLITS, _FA3_MIN_BLOCKS, most_batch=_FA3_MOST_BATCH)
_FA3_GRAPH_SPLIT = SplitRule(_VLLM_GRAPH_SPLITS, most_batch=_FA3_MOST_BATCH)
_FA3_SM80_RULE = SplitRule(_FA_MOST_SPLITS, _FA3_MIN_BLOCKS, most_batch=_FA3_MOST_BATCH, tiles=_FA3_SM80_SPLIT)
_FA4_SPLIT = SplitRule(_VLLM_GRAPH_SPLITS, most_batch=_FA3_MOST_BATCH, static=True, empty_parts=True)
_XQA_SPLIT = SplitRule(_XQA_MOST_SPLITS, slack=1.0 / _XQA_WAVES, whole_history=True)
#: TensorRT-LLM's estimate of when XQA gains over its masked multi-head kernel
_MASKED_MHA = ScalarFallback(max_group=32, tokens_per_block=128, block_factor=4)

FA3_SGLANG = AttentionProfile("fa3", _FA3, _FA3_FP8, packs_gqa=True, ctas_per_sm=1, split=_FA3_SPLIT, narrow=_FA3_NARROW)
FA3_VLLM = AttentionProfile(
    "fa3-graph", _FA3, _FA3_FP8, packs_gqa=True, ctas_per_sm=1, split=_FA3_GRAPH_SPLIT, narrow=_FA3_NARROW
)
FA3_AMPERE = AttentionProfile(
    "fa3-sm80", _FA3_SM80, _FA3_SM80, packs_gqa=True, ctas_per_sm=2, split=_FA3_SM80_RULE, fp8_math=False
)
FA2_VLLM = AttentionProfile("fa2-paged", _FA2_PAGED, _FA2_PAGED, packs_gqa=False, ctas_per_sm=2, split=_FA2_SPLIT, fp8_math=False)
FA4_PREFILL = AttentionProfile("fa4", _FA4, _FA4, packs_gqa=True, ctas_per_sm=1, split=_FA3_GRAPH_SPLIT)
FA4_DECODE = AttentionProfile("fa4-decode", _FA4, _FA4, packs_gqa=True, ctas_per_sm=1, split=_FA4_SPLIT)
FMHA = AttentionProfile(
    "fmha-v2", _FMHA, _FMHA, packs_gqa=False, ctas_per_sm=1, split=_NO_SPLIT, packs_single=False, moves_queries=True
)
TRITON_PREFILL = AttentionProfile(
    "triton",
    _TRITON,
    _TRITON,
    packs_gqa=False,
    ctas_per_sm=2,
    split=_NO_SPLIT,
    packs_single=False,
    scans_window=True,
    fp8_math=False,
)
TRITON_DECODE = AttentionProfile(
    "triton-decode",
    _TRITON_DECODE,
    _TRITON_DECODE,
    packs_gqa=True,
    ctas_per_sm=4,
    split=SplitRule(_TRITON_SPLITS, static=True),
    fp8_math=False,
)
XQA = AttentionProfile("xqa", _XQA, _XQA, packs_gqa=True, ctas_per_sm=1, split=_XQA_SPLIT, row_step=8, scalar=_MASKED_MHA)

_PREFILL_WGMMA = {
    "sglang": FA3_SGLANG,
    "vllm": FA3_VLLM,
    "vllm-fa4": FA4_PREFILL,
    "trtllm": FMHA,
    "sglang-triton": TRITON_PREFILL,
}
_PREFILL_MMA = {"sglang": FA3_AMPERE, "vllm": FA2_VLLM, "trtllm": FMHA, "sglang-triton": TRITON_PREFILL}
_DECODE = {"trtllm": XQA, "trtllm-0.9": XQA, "qserve": XQA, "comet": XQA, "sglang-triton": TRITON_DECODE, "vllm-fa4": FA4_DECODE}


def prefill_profile(library: str, architecture: str) -> AttentionProfile:
    """The prefill kernel of a library on an architecture; an unknown library runs the FlashAttention written for it."""
    if architecture in WGMMA_ARCHITECTURES:
        return _PREFILL_WGMMA.get(library, FA3_SGLANG)
    return _PREFILL_MMA.get(library, FA2_VLLM)


def decode_profile(library: str, architecture: str) -> AttentionProfile:
    """The decode kernel of a library on an architecture; an unknown library runs the FlashAttention written for it."""
    return _DECODE.get(library) or prefill_profile(library, architecture)
