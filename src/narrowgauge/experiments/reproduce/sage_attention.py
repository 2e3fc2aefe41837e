"""SageAttention2 (Zhang et al., arXiv 2411.10958): attention with INT4 scores and FP8 values, against FlashAttention2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.dataflows.attention_quantized import Products, quantized_prefill_us
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_schedule import check_sizes
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within

FLASH_ATTENTION = Variant("fp16", "vllm")  # whose attention is FlashAttention
OPERATIONS_PER_PAIR = 4  # two multiply-accumulates for every element of a head


@dataclass(frozen=True)
class Case:
    """Causal attention over whole sequences."""

    on: Annotated[str, "GPU"] = "rtx-4090"
    scores: Annotated[Literal["int4", "int8", "fp16"], "operands of Q·K"] = "int4"
    values: Annotated[Literal["fp8", "fp8_f16acc", "fp16", "fp16_f16acc"], "operands of P·V, and what sums them"] = "fp8"
    head_dim: Annotated[int, "elements of a head", Within(8, 256)] = 128
    heads: Annotated[int, "query heads, each with keys of its own"] = 32
    batch: Annotated[int, "sequences"] = 4
    sequence: Annotated[int, "tokens of a sequence"] = 32768


def predict(case: Case) -> Mapping[str, float]:
    """Both kernels on the schedule of FlashAttention2; quantising Q and K beforehand is left out, as in the published figures."""
    check_sizes(head_dim=case.head_dim, heads=case.heads, batch=case.batch, sequence=case.sequence)
    basis = basis_of("attention-prefill", FLASH_ATTENTION, load_gpu(case.on))
    columns = {
        "batch_size": case.batch,
        "isl": case.sequence,
        "num_heads": case.heads,
        "num_key_value_heads": case.heads,
        "head_dim": case.head_dim,
        "step": 0,
        "window_size": 0,
    }
    rows = {name: np.array([value]) for name, value in columns.items()}

    def time_us(products: Products) -> float:
        return float(quantized_prefill_us(rows, products, basis.library, basis.gpu, basis.parameters)[0])

    narrow_us, wide_us = time_us(Products(case.scores, case.values)), time_us(Products("fp16", "fp16"))
    pairs = case.batch * case.heads * case.sequence**2 / 2
    operations = OPERATIONS_PER_PAIR * case.head_dim * pairs
    return {
        "tops": operations / narrow_us / 1e6,
        "flash_attention_tops": operations / wide_us / 1e6,
        "speedup": wide_us / narrow_us,
    }


EXPERIMENT = Experiment(
    "sage-attention",
    Case,
    predict,
    {
        "tops": Measure("Top/s", "operations of both products over the kernel's time"),
        "flash_attention_tops": Measure("Top/s", "the same for 16-bit operands"),
        "speedup": Measure("x", "time of the 16-bit kernel over that of the quantised one"),
    },
)
