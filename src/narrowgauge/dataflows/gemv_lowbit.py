"""One token times compressed weights on CUDA cores: what is stored, what is left out, and what turns codes into products.

Group sparsity (Zeng et al., GQSA, arXiv 2412.17560) keeps whole groups of 16 weights of a row, each with its place; 2:4 sparsity
keeps half of the weights with two bits of place each. Both are, to a matrix-vector kernel, fewer weights with more bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import Gemm
from narrowgauge.dataflows.gemm_schedule import check_sizes
from narrowgauge.dataflows.gemm_search import gemv_time, row_terms
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import InputError, Problem
from narrowgauge.units import BITS_PER_BYTE

MULTIPLY_ADD = {"fp16x": 1.0}  # of the calibrated weight-only kernel, beside its conversion


@dataclass(frozen=True)
class StoredWeights:
    """What stands for the weights of a matrix. `element_bits` of a weight that is kept, `overhead_bits` for each of them (its
    share
    of scale, zero point and place), `density`: kept weights of all, `conversion`: instruction results per kept weight by
    class."""

    element_bits: float
    overhead_bits: float
    density: float
    conversion: Mapping[str, float]

    def __post_init__(self) -> None:
        if not 0.0 < self.density <= 1.0:
            raise InputError([Problem("density", f"given {self.density}, allowed: above 0 to 1")])

    @property
    def bits_per_weight(self) -> float:
        """Bits in memory for each weight of the dense matrix."""
        return (self.element_bits + self.overhead_bits) * self.density


def compressed_gemv_us(n: int, k: int, stored: StoredWeights, gpu: GpuResources, params: Mapping[str, float]) -> float:
    """y[n] = W[n,k] · x[k], microseconds; `params` are those of a weight-only GEMM on this GPU, whose matrix-vector kernel this
    is.

    It is launched into a stream. Arithmetic scales with the instructions of a kept weight, the calibrated kernel's excess over
    counted instructions stays; what a CTA does one after another gets shorter with the weights that are left out."""
    check_sizes(n=n, k=k)
    x = Gemm().numbers(Variant("w4a16", ""), gpu, params)
    cycles = sum(count / gpu.alu_results[name] for mix in (stored.conversion, MULTIPLY_ADD) for name, count in mix.items())
    plain = 1.0 / gpu.alu_results["fp32"]
    x = x._replace(
        launch_us=gpu.stream_launch_us,
        weight_bytes=stored.bits_per_weight / BITS_PER_BYTE,
        gemv_macs_per_us=x.gemv_macs_per_us * plain / (cycles * stored.density),
        gemv_chain_us=x.gemv_chain_us * stored.density,
        gemv_max_m=1.0,
    )
    extents = (1.0, float(n), float(k))
    return float(gemv_time(*extents, row_terms(*extents, x), x))
