"""How the attention kernels of each library are cut: one frozen record per kernel, found by library and architecture.

Sources. FlashAttention-3: Dao-AILab/flash-attention, hopper/tile_size.h, hopper/heuristics.h and the dynamic split rule of
hopper/flash_prepare_scheduler.cu. FlashAttention-2: csrc/flash_attn/src/flash_fwd_launch_template.h and num_splits_heuristic in
csrc/flash_attn/flash_api.cpp. TensorRT-LLM: cpp/kernels/fmha_v2 (prefill), cpp/tensorrt_llm/kernels/xqa and
decoderMaskedMultiheadAttention (decode). SGLang: its Triton attention kernels. What surrounds the kernel in a framework's call (append to the
cache, quantise, rotate) is fitted, not listed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from narrowgauge.dataflows.family import Array

#: architectures with warp-group MMA and TMA, for which libraries ship a kernel of its own
WGMMA_ARCHITECTURES = frozenset({"sm90"})
#: kernels that hold a whole head in registers halve their co-resident CTAs above this head dimension
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
class SplitRule:
    """How decode divides one sequence's KV among CTAs (flash-decoding).

    `most` is the largest number of parts (1: never). `min_blocks`: sequences of at most that many KV blocks stay whole. `slack` oversubscribes the
    balance of blocks over the SMs. `needs_group`: only grouped heads are split. `tiles` replaces the tile table once splitting is on.
    `adaptive`: the parts fill the machine; otherwise there are always `most` of them, as far as the blocks reach. `most_batch`: larger batches are never
    split."""

    most: int
    min_blocks: int = 0
    slack: float = 1.1
    needs_group: bool = False
    adaptive: bool = True
    most_batch: int = 1 << 30
    tiles: TileTable | None = None


@dataclass(frozen=True)
class ScalarFallback:
    """A CUDA-core kernel with one CTA per query head, which a library's decode uses instead of its tensor-core kernel: for ungrouped heads, for groups
    above `max_group`, and (with an unquantised cache) while KV heads × batch × tokens / `tokens_per_block` × `block_factor` stays below the SM count."""

    max_group: int
    tokens_per_block: int
    block_factor: int


@dataclass(frozen=True)
class AttentionProfile:
    """One library's kernel on one class of architectures.

    `packs_gqa`: query heads of one KV head share a tile (`packs_single` where only single-token queries do). `ctas_per_sm`: co-resident CTAs up to a
    head dimension of 128, half of them beyond. `skips_window`: blocks outside a sliding window are not visited. `fp8_math`: an FP8 cache is
    multiplied in FP8, even under 16-bit queries. `moves_queries`: the library's preprocessing rewrites queries too (fused QKV). `narrow_rows`: at most that many rows of a 128-wide head take a tile of that height."""

    name: str
    tiles: TileTable
    fp8_tiles: TileTable
    packs_gqa: bool
    ctas_per_sm: int
    split: SplitRule
    packs_single: bool = True
    skips_window: bool = True
    fp8_math: bool = True
    moves_queries: bool = False
    narrow_rows: int = 0
    scalar: ScalarFallback | None = field(default=None)

    def tile(self, head_dim: Array, rows: Array, fp8: bool) -> tuple[Array, Array]:
        """Tile of each row of the table: query rows and KV tokens, given the query rows that share one KV head."""
        tile_m, tile_n = (self.fp8_tiles if fp8 else self.tiles).tile(head_dim)
        narrow = (head_dim == FULL_OCCUPANCY_HEAD_DIM) & (rows <= self.narrow_rows)
        return np.where(narrow, np.minimum(tile_m, max(self.narrow_rows, 1)), tile_m), tile_n

    def occupancy(self, head_dim: Array) -> Array:
        """Co-resident CTAs of an SM."""
        return np.where(head_dim <= FULL_OCCUPANCY_HEAD_DIM, self.ctas_per_sm, max(self.ctas_per_sm // 2, 1))


_FA3_BF16 = TileTable(((64, 192, 128), (96, 192, 128), (128, 128, 128), (192, 128, 96), (256, 128, 80), (1024, 64, 64)))
_FA3_FP8 = TileTable(((64, 192, 160), (96, 192, 128), (128, 128, 160), (192, 128, 160), (256, 128, 128), (1024, 64, 64)))
_FA3_SM80 = TileTable(((64, 128, 112), (96, 128, 64), (128, 128, 64), (192, 128, 64), (256, 128, 96), (1024, 64, 32)))
_FA3_SM80_SPLIT = TileTable(((64, 128, 80), (96, 128, 48), (128, 128, 112), (192, 128, 64), (256, 128, 64), (1024, 64, 32)))
_FA2_PAGED = TileTable(((64, 64, 256), (128, 64, 128), (256, 64, 64), (1024, 64, 32)))
_FMHA_V2 = TileTable(((64, 128, 256), (128, 128, 128), (256, 128, 64), (1024, 64, 64)))
_FA4 = TileTable(((128, 128, 128), (1024, 64, 64)))
_TRITON = TileTable(((128, 128, 64), (256, 64, 64), (1024, 32, 32)))
_XQA = TileTable(((128, 32, 256), (256, 32, 128), (1024, 32, 64)))
_TRITON_DECODE = TileTable(((1024, 16, 32),))

#: the FA3 heuristic leaves sequences of up to four KV blocks whole
_FA3_MIN_BLOCKS = 4
_FA3_MOST_SPLITS = 128
#: vLLM passes at most this many splits when it records a CUDA graph
_VLLM_GRAPH_SPLITS = 32
#: beyond this batch FA3 has no table of splits per sequence
_FA3_MOST_BATCH = 992

_FA3_SPLIT = SplitRule(_FA3_MOST_SPLITS, min_blocks=_FA3_MIN_BLOCKS, most_batch=_FA3_MOST_BATCH)
_FA3_VLLM_SPLIT = SplitRule(_VLLM_GRAPH_SPLITS, most_batch=_FA3_MOST_BATCH)
_FA3_SM80_SPLIT_RULE = SplitRule(_FA3_MOST_SPLITS, min_blocks=_FA3_MIN_BLOCKS, most_batch=_FA3_MOST_BATCH, tiles=_FA3_SM80_SPLIT)
_FA2_SPLIT = SplitRule(_FA3_MOST_SPLITS, needs_group=True)
_NO_SPLIT = SplitRule(1)

_FA3_SGLANG = AttentionProfile("fa3", _FA3_BF16, _FA3_FP8, packs_gqa=True, ctas_per_sm=1, split=_FA3_SPLIT, narrow_rows=64)
_FA3_VLLM = AttentionProfile(
    "fa3-graph", _FA3_BF16, _FA3_FP8, packs_gqa=True, ctas_per_sm=1, split=_FA3_VLLM_SPLIT, narrow_rows=64
)
_FA3_AMPERE = AttentionProfile(
    "fa3-sm80", _FA3_SM80, _FA3_SM80, packs_gqa=True, ctas_per_sm=2, split=_FA3_SM80_SPLIT_RULE, fp8_math=False
)
_FA2_VLLM = AttentionProfile(
    "fa2-paged", _FA2_PAGED, _FA2_PAGED, packs_gqa=False, ctas_per_sm=2, split=_FA2_SPLIT, fp8_math=False
)
_FMHA = AttentionProfile(
    "fmha-v2", _FMHA_V2, _FMHA_V2, packs_gqa=False, ctas_per_sm=1, split=_NO_SPLIT, packs_single=False, moves_queries=True
)
_FA4_VLLM = AttentionProfile("fa4", _FA4, _FA4, packs_gqa=True, ctas_per_sm=1, split=_FA3_VLLM_SPLIT)
_TRITON_PREFILL = AttentionProfile(
    "triton",
    _TRITON,
    _TRITON,
    packs_gqa=False,
    ctas_per_sm=2,
    split=_NO_SPLIT,
    packs_single=False,
    skips_window=False,
    fp8_math=False,
)
_XQA_PROFILE = AttentionProfile(
    "xqa",
    _XQA,
    _XQA,
    packs_gqa=True,
    ctas_per_sm=2,
    split=SplitRule(_FA3_MOST_SPLITS),
    scalar=ScalarFallback(max_group=32, tokens_per_block=128, block_factor=4),
)
_TRITON_GENERATE = AttentionProfile(
    "triton-decode",
    _TRITON_DECODE,
    _TRITON_DECODE,
    packs_gqa=True,
    ctas_per_sm=4,
    split=SplitRule(8, adaptive=False),
    fp8_math=False,
)

#: profiles by library on architectures with warp-group MMA, and elsewhere; anything unlisted takes the last resort below
_PREFILL_WGMMA = {
    "sglang": _FA3_SGLANG,
    "vllm": _FA3_VLLM,
    "vllm-fa4": _FA4_VLLM,
    "trtllm": _FMHA,
    "sglang-triton": _TRITON_PREFILL,
}
_PREFILL_MMA = {"sglang": _FA3_AMPERE, "vllm": _FA2_VLLM, "trtllm": _FMHA, "sglang-triton": _TRITON_PREFILL}
_DECODE_WGMMA = {**_PREFILL_WGMMA, "trtllm": _XQA_PROFILE, "sglang-triton": _TRITON_GENERATE}
_DECODE_MMA = {**_PREFILL_MMA, "trtllm": _XQA_PROFILE, "sglang-triton": _TRITON_GENERATE}


def prefill_profile(library: str, architecture: str) -> AttentionProfile:
    """The prefill kernel that a library launches on an architecture; unknown libraries run the FlashAttention of that architecture."""
    wgmma = architecture in WGMMA_ARCHITECTURES
    return (_PREFILL_WGMMA if wgmma else _PREFILL_MMA).get(library, _FA3_SGLANG if wgmma else _FA2_VLLM)


def decode_profile(library: str, architecture: str) -> AttentionProfile:
    """The decode kernel that a library launches on an architecture; unknown libraries run the FlashAttention of that architecture."""
    wgmma = architecture in WGMMA_ARCHITECTURES
    return (_DECODE_WGMMA if wgmma else _DECODE_MMA).get(library, _FA3_SGLANG if wgmma else _FA2_VLLM)
