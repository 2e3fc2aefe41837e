"""Which GEMM kernels a library has: tile shapes, split factors, and from how many rows on it leaves the CUDA-core kernel.

Tiles are (rows of activations, output channels). The lists are the shapes that the libraries instantiate: cuBLAS and CUTLASS
for `mma.sync` (Ampere, Ada), warp-specialised `wgmma` kernels that put the weights on the 64-row side and step the tokens by
eight (Hopper; of 99 such shapes the 40 that the search chose most often, the others change no error by 0.1 %), and TensorRT-LLM's
CUTLASS weight-only kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.family import Array, Variant
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.dataflows.unit import UnitProduct

# fmt: off
MMA_SYNC_TILES = ((128, 128), (256, 128), (128, 256), (64, 256), (256, 64), (128, 64), (64, 128), (64, 64), (32, 128), (128, 32),
                  (64, 32), (32, 64), (16, 64), (16, 128), (32, 256), (16, 256), (256, 32))
WGMMA_TILES = ((8, 64), (176, 256), (16, 64), (144, 256), (192, 256), (160, 256), (208, 192), (256, 160), (256, 192),
               (224, 192), (176, 192), (24, 64), (40, 64), (32, 64), (128, 256), (192, 192), (8, 128), (192, 224),
               (56, 64), (16, 128), (96, 128), (48, 64), (96, 64), (240, 192), (64, 64), (112, 128), (144, 192),
               (128, 128), (208, 128), (8, 192), (64, 128), (16, 192), (80, 64), (144, 128), (112, 64), (128, 224),
               (240, 128), (80, 128), (16, 256), (128, 96))
WEIGHT_ONLY_TILES = ((16, 128), (32, 128), (64, 128), (128, 128), (16, 256), (32, 64), (64, 64), (128, 64), (16, 64), (128, 256))
SPLITS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32)
CUTLASS_SPLITS = (1, 2, 3, 4, 5, 6, 7)  # TensorRT-LLM, cutlass_heuristic.cpp and its runners: SPLIT_K_LIMIT = 7
UNSPLIT = (1,)
# fmt: on
ANY_M = 2**31
WEIGHT_ONLY_GEMV_ROWS = 4  # TensorRT-LLM weightOnlyBatchedGemv and its kin take up to four tokens


@dataclass(frozen=True)
class Tile:
    """A CTA tile of rows × output channels. `cluster_m` CTAs along the rows are launched together, needed or not; the library
    uses the tile from `m_from` to `m_to` rows (its heuristic's rule; the search decides among those that remain)."""

    m: int
    n: int
    cluster_m: int = 1
    m_from: int = 1
    m_to: int = ANY_M


def _free(shapes: tuple[tuple[int, int], ...]) -> tuple[Tile, ...]:
    return tuple(Tile(m, n) for m, n in shapes)


#: vLLM, csrc/quantization/w8a8/cutlass/c3x/scaled_mm_sm90_fp8_dispatch.cuh, and SGLang's kernel after it: tiles by rows, no
#: split. Clusters of two CTAs make rows count in pairs of tiles; which clusters, and the largest tile, were read off the
#: measured steps at 129, 257 and 513 rows
CUTLASS_FP8_TILES = (
    Tile(64, 64, m_to=64),
    Tile(64, 128, cluster_m=2, m_from=65, m_to=128),
    Tile(128, 128, cluster_m=2, m_from=129, m_to=256),
    Tile(256, 128, cluster_m=2, m_from=257),
    Tile(128, 128, cluster_m=2, m_from=257),
)
#: deepseek-ai/DeepGEMM: 64 or 128 rows, columns in steps of 16 so that the last wave is full
DEEPGEMM_TILES = _free(tuple((m, n) for m in (64, 128) for n in (16, 32, 48, 64, 80, 96, 112, 128, 160)))
TRTLLM_BLOCK_TILES = (
    *(Tile(8 * i, 64, m_to=64) for i in range(1, 9)),
    *(Tile(64, n, m_to=128) for n in (32, 64, 96, 128)),
    *(Tile(128, n, cluster_m=2, m_from=65) for n in (64, 96, 128, 160)),
)


@dataclass(frozen=True)
class GemmProfile:
    """The kernels of one library for one precision. `gemv_max_m`: rows up to which a CUDA-core kernel exists; 0 for none."""

    tiles: tuple[Tile, ...]
    splits: tuple[int, ...]
    gemv_max_m: int

    def tile_array(self) -> Array:
        """Tiles as a float array of columns m, n, cluster_m, m_from, m_to."""
        return np.array([(t.m, t.n, t.cluster_m, t.m_from, t.m_to) for t in self.tiles], float)

    def split_array(self) -> Array:
        """Split factors as a float array."""
        return np.array(self.splits, float)


def has_wgmma(architecture: str) -> bool:
    """Whether the tensor cores are fed by asynchronous warp-group instructions, and kernels are built around them."""
    return architecture == "sm90"


def profile_of(variant: Variant, weight_only: bool, gpu: GpuResources) -> GemmProfile:
    """The kernels that `variant.library` would choose from on this GPU. An unknown library has cuBLAS-like kernels."""
    if weight_only:
        return GemmProfile(_free(WEIGHT_ONLY_TILES), CUTLASS_SPLITS, WEIGHT_ONLY_GEMV_ROWS)
    if not has_wgmma(gpu.architecture):
        if variant.library == "trtllm" and variant.precision.startswith("w8a8"):
            return GemmProfile(_free(MMA_SYNC_TILES), UNSPLIT, WEIGHT_ONLY_GEMV_ROWS)
        return GemmProfile(_free(MMA_SYNC_TILES), SPLITS, gemv_max_m=1)
    match variant.precision, variant.library:
        case "fp8-dynamic" | "fp8-static", "vllm" | "sglang":
            return GemmProfile(CUTLASS_FP8_TILES, UNSPLIT, gemv_max_m=0)
        case "fp8-block128", "trtllm":
            return GemmProfile(TRTLLM_BLOCK_TILES, UNSPLIT, gemv_max_m=0)
        case "fp8-block128", _:
            return GemmProfile(DEEPGEMM_TILES, UNSPLIT, gemv_max_m=0)
    return GemmProfile(_free(WGMMA_TILES), SPLITS, gemv_max_m=1)


UNIT_ROWS, UNIT_COLUMNS = (16, 32, 64, 128, 256), (32, 64, 128, 256, 512)


def unit_profile(product: UnitProduct, accumulator_bytes: float) -> GemmProfile:
    """Tiles of whole instructions of a unit in the tensor core's place whose sums fit into the registers of one SM, and any split
    along K; the CUDA cores do not take over for a few rows."""
    rows, columns, _ = product.tile
    shapes = {(_whole(m, rows), _whole(n, columns)) for m in (*UNIT_ROWS, rows) for n in UNIT_COLUMNS}
    fits = tuple(sorted(shape for shape in shapes if shape[0] * shape[1] * product.result_bytes <= accumulator_bytes))
    return GemmProfile(_free(fits), SPLITS, gemv_max_m=0)


def _whole(size: int, quantum: int) -> int:
    return -(-size // quantum) * quantum
