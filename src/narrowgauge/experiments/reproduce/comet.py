"""COMET (Liu et al., arXiv 2410.12168): most activations in four bits, few in eight; weights and caches in four.

Tiles of both kinds are spread over the SMs so that all finish together: a product takes the mean of the times that it would
take in either precision, weighted by the shares of the channels. So does a whole model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated

from narrowgauge.archmodels import Machine, load_gpu
from narrowgauge.experiments.kernel_latency import gemm_latency
from narrowgauge.experiments.predict import predict as predict_model
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.experiments.reproduction.listed import models_of, numbers_of
from narrowgauge.experiments.serving_batch import largest_batch
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import ModelConfig
from narrowgauge.workloads.layers import linears

FOUR_BIT, EIGHT_BIT = "w4a4-g128-sym", "w4a8-g128-sym"
BASELINES = {"fp16": ("fp16", "trtllm"), "w4a16": ("w4a16-g128", "trtllm"), "w8a8": ("w8a8", "trtllm")}
MOST = 256


@dataclass(frozen=True)
class Case:
    """Kernels of some models' layers for a batch, or the models served from prompt to answer where `batch` is 0."""

    model: Annotated[str, "model cards or config.json files, with commas between them"] = "llama-2-13b,llama-3-8b,llama-2-70b"
    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    four_bit_share: Annotated[float, "share of the input channels with 4-bit activations", Within(0, 1)] = 0.75
    batches: Annotated[str, "rows of activations whose speedups are averaged; empty for serving"] = "2,4,8"
    input_tokens: Annotated[int, "tokens of a prompt"] = 1024
    output_tokens: Annotated[int, "tokens of an answer"] = 512


def predict(case: Case) -> Mapping[str, float]:
    """Mean speedups of the kernels, or of serving with as many sequences as fit into each system's memory."""
    models = models_of("model", case.model)
    if not case.batches:
        own = [_served(case, model) for model in models]
        others = {"trtllm": ("w4a16-g128", "trtllm-0.9"), "qserve": ("w4a8-kv4", "qserve")}
        return {
            f"served_over_{other}": fmean(
                rate / _rate(case, model, scheme, framework, scheme) for model, rate in zip(models, own, strict=True)
            )
            for other, (scheme, framework) in others.items()
        }
    machine = load_gpu(case.on)
    shapes = [(map_.n, map_.k) for model in models for map_ in linears(model, 1) if map_.quantized]
    points = [(m, n, k) for m in numbers_of("batches", case.batches) for n, k in shapes]
    own_us = [_kernel_us(machine, case.four_bit_share, *point) for point in points]
    return {
        f"kernel_over_{name}": fmean(
            gemm_latency(machine, *kernel, *point).value / us for point, us in zip(points, own_us, strict=True)
        )
        for name, kernel in BASELINES.items()
    }


def _kernel_us(machine: Machine, share: float, m: int, n: int, k: int) -> float:
    four, eight = (gemm_latency(machine, scheme, "comet", m, n, k).value for scheme in (FOUR_BIT, EIGHT_BIT))
    return share * four + (1.0 - share) * eight


def _served(case: Case, model: ModelConfig) -> float:
    seconds = sum(
        share / _rate(case, model, f"{scheme}-kv4", "comet", f"{FOUR_BIT}-kv4")
        for scheme, share in ((FOUR_BIT, case.four_bit_share), (EIGHT_BIT, 1.0 - case.four_bit_share))
    )
    return 1.0 / seconds


def _rate(case: Case, model: ModelConfig, scheme: str, framework: str, stored: str) -> float:
    """Output tokens per second; `stored` is the scheme whose sizes decide how many sequences fit."""
    tokens, machine = (case.input_tokens, case.output_tokens), load_gpu(case.on)
    batch = largest_batch(model, parse_scheme(stored), machine, *tokens, MOST)
    return predict_model(model, machine, scheme, batch, *tokens, framework=framework).output_tokens_per_s.value


EXPERIMENT = Experiment(
    "comet",
    Case,
    predict,
    {
        "kernel_over_fp16": Measure("x", "over cuBLAS, mean of layers and batches"),
        "kernel_over_w4a16": Measure("x", "over TensorRT-LLM with 4-bit weights, likewise"),
        "kernel_over_w8a8": Measure("x", "over TensorRT-LLM with 8-bit weights and activations, likewise"),
        "served_over_trtllm": Measure("x", "output tokens per second over TensorRT-LLM with 4-bit weights"),
        "served_over_qserve": Measure("x", "output tokens per second over QServe"),
    },
)
