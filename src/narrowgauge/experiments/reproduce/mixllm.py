"""MixLLM (Zheng et al., arXiv 2412.14590): a tenth of the output channels in eight bits, the others in four."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated

from narrowgauge.archmodels import Machine, load_gpu
from narrowgauge.experiments.kernel_latency import gemm_latency
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.experiments.reproduction.listed import numbers_of

FOUR_BIT, EIGHT_BIT = ("w4a8-g128", "mixllm"), ("w8a8", "trtllm")


@dataclass(frozen=True)
class Case:
    """One linear layer for some numbers of tokens."""

    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    batches: Annotated[str, "rows of activations whose speedups are averaged"] = "16,32,64,128,256,512,1024,2048,4096"
    n: Annotated[int, "output channels"] = 4096
    k: Annotated[int, "input channels"] = 4096
    eight_bit_share: Annotated[float, "share of the output channels with 8-bit weights", Within(0, 1)] = 0.1


def predict(case: Case) -> Mapping[str, float]:
    """Mean ratios of FP16 by cuBLAS to the mixed kernel and to TensorRT-LLM with 4-bit weights."""
    machine = load_gpu(case.on)
    rows = numbers_of("batches", case.batches)
    wide = [gemm_latency(machine, "fp16", "trtllm", m, case.n, case.k).value for m in rows]
    mixed = [_mixed_us(machine, case, m) for m in rows]
    narrow = [gemm_latency(machine, "w4a16-g128", "trtllm", m, case.n, case.k).value for m in rows]
    return {
        "speedup": fmean(a / b for a, b in zip(wide, mixed, strict=True)),
        "w4a16_speedup": fmean(a / b for a, b in zip(wide, narrow, strict=True)),
    }


def _mixed_us(machine: Machine, case: Case, m: int) -> float:
    """Tiles of both kinds run in one kernel: each kind takes its share of the time of a whole product."""
    four, eight = (gemm_latency(machine, *kernel, m, case.n, case.k).value for kernel in (FOUR_BIT, EIGHT_BIT))
    return (1.0 - case.eight_bit_share) * four + case.eight_bit_share * eight


EXPERIMENT = Experiment(
    "mixllm",
    Case,
    predict,
    {
        "speedup": Measure("x", "over cuBLAS in FP16, mean of the rows"),
        "w4a16_speedup": Measure("x", "of 4-bit weights under FP16 activations over cuBLAS, mean of the rows"),
    },
)
