"""Which GEMM kernels a library has: tile shapes, split factors, and from how many rows on it leaves the CUDA-core kernel.

Tiles are (rows of activations, output channels). The lists are the shapes that the libraries instantiate: cuBLAS and CUTLASS for
`mma.sync` (Ampere, Ada), warp-specialised `wgmma` kernels that put the weights on the 64-row side and step the tokens by eight (Hopper),
and TensorRT-LLM's CUTLASS weight-only kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.family import Array, Variant
from narrowgauge.dataflows.resources import GpuResources

# fmt: off
MMA_SYNC_TILES = ((128, 128), (256, 128), (128, 256), (64, 256), (256, 64), (128, 64), (64, 128), (64, 64), (32, 128), (128, 32),
                  (64, 32), (32, 64), (16, 64), (16, 128), (32, 256), (16, 256), (256, 32))
WGMMA_TILES = ((8, 64), (176, 256), (16, 64), (144, 256), (192, 256), (160, 256), (208, 192), (256, 160), (256, 192), (224, 192),
               (176, 192), (24, 64), (40, 64), (32, 64), (128, 256), (192, 192), (8, 128), (192, 224), (56, 64), (16, 128), (96, 128),
               (48, 64), (96, 64), (240, 192), (64, 64), (112, 128), (144, 192), (128, 128), (208, 128), (8, 192), (64, 128), (16, 192),
               (80, 64), (144, 128), (112, 64), (128, 224), (240, 128), (80, 128), (16, 256), (128, 96))
WEIGHT_ONLY_TILES = ((16, 128), (32, 128), (64, 128), (128, 128), (16, 256), (32, 64), (64, 64), (128, 64), (16, 64), (128, 256))
FP8_FIXED_TILES = ((64, 64), (64, 128), (128, 128), (64, 256), (128, 256), (256, 128), (128, 64), (64, 16), (64, 32))
BLOCK_SCALED_TILES = ((64, 16), (64, 32), (64, 64), (64, 128), (128, 64), (128, 128), (64, 160), (128, 160), (64, 256), (128, 96))
SPLITS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32)
# fmt: on


@dataclass(frozen=True)
class GemmProfile:
    """The kernels of one library for one precision. `gemv_max_m`: rows up to which a CUDA-core kernel exists; 0 for none."""

    tiles: tuple[tuple[int, int], ...]
    splits: tuple[int, ...]
    gemv_max_m: int

    def tile_array(self) -> Array:
        """Tiles as a float array of shape (tiles, 2)."""
        return np.array(self.tiles, float)

    def split_array(self) -> Array:
        """Split factors as a float array."""
        return np.array(self.splits, float)


def uses_wgmma(gpu: GpuResources) -> bool:
    """Whether the tensor cores are fed by asynchronous warp-group instructions, and kernels are built around them."""
    return gpu.architecture == "sm90"


def profile_of(variant: Variant, weight_only: bool, gpu: GpuResources) -> GemmProfile:
    """The kernels that `variant.library` would choose from on this GPU. An unknown library has cuBLAS-like kernels."""
    if weight_only:
        return GemmProfile(WEIGHT_ONLY_TILES, SPLITS, gemv_max_m=4)
    if uses_wgmma(gpu):
        return GemmProfile(WGMMA_TILES, SPLITS, gemv_max_m=1)
    return GemmProfile(MMA_SYNC_TILES, SPLITS, gemv_max_m=1)
