"""Products of few tokens three ways: on CUDA cores, on tensor cores with rows padded to eight, and padded to sixty-four.

FlashDecoding++ (Hong et al., arXiv 2311.01282, sections 4 and 5): the first instruction of a tensor core takes eight rows, so a
flat product needs no more; its tiles hide memory latency by double buffering, and which of the three ways is fastest changes with
the number of tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import Gemm
from narrowgauge.dataflows.gemm_profiles import SPLITS
from narrowgauge.dataflows.gemm_schedule import best_schedule, check_sizes
from narrowgauge.dataflows.gemm_search import Numbers, row_terms, tile_terms
from narrowgauge.dataflows.resources import GpuResources

FLAT_TILES = ((8, 32), (8, 64), (8, 128), (8, 256))
PADDED_TILES = ((64, 64), (64, 128), (64, 256), (128, 64), (128, 128))  # CUTLASS and cuBLAS before skinny tiles
DOUBLE_BUFFER = 2.0


@dataclass(frozen=True)
class FlatTimes:
    """Microseconds of one product, each way."""

    cuda_core_us: float
    flat_us: float
    padded_us: float

    @property
    def best_us(self) -> float:
        """The fastest way."""
        return min(self.cuda_core_us, self.flat_us, self.padded_us)


def flat_times(m: int, n: int, k: int, gpu: GpuResources, params: Mapping[str, float]) -> FlatTimes:
    """C[m,n] = A[m,k] · B[k,n] in 16 bits; `params` are those of a 16-bit GEMM on this GPU."""
    check_sizes(m=m, n=n, k=k)
    x = Gemm().numbers(Variant("fp16", ""), gpu, params)
    extents = (float(m), float(n), float(k))
    flat = x._replace(gemv_max_m=0.0, max_stages=DOUBLE_BUFFER)
    return FlatTimes(_cuda_core(*extents, x), _tensor_core(m, n, k, FLAT_TILES, flat), _tensor_core(m, n, k, PADDED_TILES, x))


def _cuda_core(m: float, n: float, k: float, x: Numbers) -> float:
    """FastGEMV: a matrix-vector kernel that streams weights as fast as the machine's GEMMs do, once from DRAM and once more from
    the L2 for every further token, whose CTAs run beside the first's."""
    row = row_terms(1.0, n, k, x)
    again = (m - 1.0) * n * k * x.weight_bytes / (x.l2_bytes * x.cycles_per_us)
    return float(x.launch_us + max(row.once_us + again, m * n * k / x.gemv_macs_per_us))


def _tensor_core(m: int, n: int, k: int, tiles: tuple[tuple[int, int], ...], x: Numbers) -> float:
    splits = np.array(SPLITS, float)
    return best_schedule((m, n, k), tiles, splits, x, lambda tile_m, tile_n: tile_terms(tile_m, tile_n, x)).latency_us
