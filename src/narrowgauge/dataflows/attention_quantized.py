"""Attention over new tokens with both products in narrow formats of their own: Q·K in INT4 or INT8, P·V in FP8 or FP16.

SageAttention and SageAttention2 (Zhang et al., arXiv 2410.02367, 2411.10958). The schedule is that of FlashAttention, which the
family `attention-prefill` costs. A step differs in three things: each product runs at the rate of its own operands; integer
scores are turned into FP32, their scale going into the one of softmax; probabilities are turned into FP8 two at a time.
Quantising Q and K beforehand is a kernel of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from narrowgauge.dataflows import attention_terms as terms
from narrowgauge.dataflows.attention_prefill import cut_of, sm_time, traffic
from narrowgauge.dataflows.attention_profiles import prefill_profile
from narrowgauge.dataflows.attention_terms import Shape, TileCycles
from narrowgauge.dataflows.family import Array, Columns, Variant
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError

INTEGER_SCORES = ("int4", "int8")
BYTES = {"int4": 0.5, "int8": 1.0, "fp8": 1.0, "fp8_f16acc": 1.0, "fp16": 2.0, "fp16_f16acc": 2.0}
PACKED = 2.0  # probabilities that one conversion turns into FP8


@dataclass(frozen=True)
class Products:
    """Operands of both products, by the names of tensor-core rates: `int4`, `int8`, `fp16`; `fp8`, `fp8_f16acc`, `fp16`,
    `fp16_f16acc`."""

    scores: str
    values: str

    def check(self, gpu: GpuResources) -> None:
        """Raises UnsupportedError for an operand that the GPU's tensor cores do not take."""
        missing = [name for name in (self.scores, self.values) if name not in gpu.tensor_macs]
        if missing:
            known = ", ".join(gpu.tensor_macs)
            raise UnsupportedError(f"{gpu.name} has no tensor-core rate of {', '.join(missing)}; it has {known}")


def quantized_prefill_us(
    rows: Columns, products: Products, library: str, gpu: GpuResources, params: Mapping[str, float]
) -> Array:
    """Microseconds of causal attention for the columns of `attention-prefill`; `params` are those of its 16-bit kernel of that
    library on this GPU. Raises UnsupportedError for operands that the GPU does not have."""
    products.check(gpu)
    shape, profile = Shape.of(rows), prefill_profile(library, gpu.architecture)
    formats = terms.precision_of(Variant("fp16", library), profile, gpu)
    narrow = replace(formats, kv_bytes=(BYTES[products.scores] + BYTES[products.values]) / 2)
    cut = cut_of(shape, profile, formats, gpu)
    dense = terms.tile_cycles(shape, cut.tile_m, cut.tile_n, formats, gpu, params)
    pairs = (cut.tile_m * cut.tile_n).astype(np.float64)
    mma = pairs * (shape.head_dim / gpu.tensor_macs[products.scores] + shape.value_dim / gpu.tensor_macs[products.values])
    softmax = dense.softmax
    if products.scores in INTEGER_SCORES:
        softmax = softmax + pairs / gpu.alu_results["cvt_other"]
    if products.values.startswith("fp8"):
        softmax = softmax + pairs / (PACKED * gpu.alu_results["cvt_other"])
    real = mma / params["mma_efficiency"]
    steady = np.maximum(real, softmax) + params["exposed"] * np.minimum(real, softmax)
    sm_us = sm_time(shape, cut, TileCycles(mma, softmax, steady), profile, gpu, params)
    unique, l2_bytes, _ = traffic(shape, cut, narrow)
    l2_us = l2_bytes / terms.l2_bytes_per_us(gpu) / params["l2_efficiency"]
    dram_us = unique / (gpu.dram_bytes_per_us * params["dram_efficiency"])
    return np.asarray(params["launch_us"] + terms.throttled(terms.overlapped(sm_us, l2_us, dram_us), params))
