"""LLM.int8() (Dettmers et al., arXiv 2208.07339): nearly all values of a product in INT8, the rest in FP16 beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels import Machine, load_gpu
from narrowgauge.experiments.kernel_latency import gemm_latency, quantize_latency
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import memory_footprint, read_model
from narrowgauge.workloads.layers import linears


@dataclass(frozen=True)
class Case:
    """A model on GPUs that share its layers. `wide_share` of the input channels is multiplied in FP16."""

    model: Annotated[str, "model card or config.json"] = "opt-175b"
    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    tp: Annotated[int, "GPUs that share every layer"] = 8
    batch: Annotated[int, "sequences in a decode step"] = 1
    wide_share: Annotated[float, "share of the input channels that stays in FP16", Within(0, 1)] = 0.001


def predict(case: Case) -> Mapping[str, float]:
    """Memory of the weights, and time of the linear layers of a decode step, FP16 against LLM.int8()."""
    model, machine = read_model(case.model), load_gpu(case.on)
    wide, narrow = (memory_footprint(model, parse_scheme(s), 1, 1, case.tp).weights_gb for s in ("fp16", "w8a8"))
    maps = [map_ for map_ in linears(model, case.tp) if map_.quantized]
    fp16_us = sum(gemm_latency(machine, "fp16", "trtllm", case.batch, map_.n, map_.k).value for map_ in maps)
    int8_us = sum(_mixed_us(machine, case, map_.n, map_.k) for map_ in maps)
    return {"memory_saving": wide / narrow, "linear_speedup": fp16_us / int8_us}


def _mixed_us(machine: Machine, case: Case, n: int, k: int) -> float:
    """The quantise kernel, the INT8 product, and the FP16 product of the outlier channels, one after the other."""
    outliers = max(1, round(case.wide_share * k))
    return (
        quantize_latency(machine, case.batch, k).value
        + gemm_latency(machine, "w8a8", "trtllm", case.batch, n, k).value
        + gemm_latency(machine, "fp16", "trtllm", case.batch, n, outliers).value
    )


EXPERIMENT = Experiment(
    "llm-int8",
    Case,
    predict,
    {
        "memory_saving": Measure("x", "weights in FP16 over weights in INT8"),
        "linear_speedup": Measure("x", "linear layers of a decode step, FP16 over LLM.int8()"),
    },
)
