"""FP6-LLM (Xia et al., arXiv 2401.14112): linear layers with 6-bit weights against other precisions, averaged over models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated

from narrowgauge.archmodels import load_gpu
from narrowgauge.experiments.kernel_latency import layer_latencies
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.experiments.reproduction.listed import models_of

#: scheme and library of the kernels that FP6 is compared with
BASELINES = {
    "speedup_over_fp16": ("fp16", "trtllm"),
    "speedup_over_w8a16": ("w8a16", "trtllm"),
    "speedup_over_w4a16": ("w4a16-g128", "trtllm"),
}


@dataclass(frozen=True)
class Case:
    """The linear layers of some models for one batch. The paper runs LLaMA-1 and OPT models of 13 to 175 billion parameters."""

    model: Annotated[str, "model cards or config.json files, with commas between them"] = (
        "llama-30b,llama-65b,llama-2-70b,opt-30b,opt-66b,opt-175b"
    )
    on: Annotated[str, "GPU"] = "a100-sxm-40gb"
    scheme: Annotated[str, "scheme of the FP6 kernel"] = "w6a16-fp6-e3m2"
    batch: Annotated[int, "sequences in a decode step"] = 8


def predict(case: Case) -> Mapping[str, float]:
    """Mean over the layers of the ratio of latencies, against each of the other kernels."""
    machine = load_gpu(case.on)
    models = models_of("model", case.model)
    own = [layer_latencies(machine, model, case.scheme, "fp6-llm", case.batch) for model in models]
    found: dict[str, float] = {}
    for measure, kernel in BASELINES.items():
        ratios = [
            latency.value / mine[name].value
            for model, mine in zip(models, own, strict=True)
            for name, latency in layer_latencies(machine, model, *kernel, case.batch).items()
        ]
        found |= {measure: fmean(ratios), f"best_{measure}": max(ratios)}
    return found


EXPERIMENT = Experiment(
    "fp6-llm",
    Case,
    predict,
    {
        "speedup_over_fp16": Measure("x", "over cuBLAS, mean of the layers"),
        "speedup_over_w8a16": Measure("x", "over TensorRT-LLM with 8-bit weights, mean of the layers"),
        "speedup_over_w4a16": Measure("x", "over TensorRT-LLM with 4-bit weights in groups, mean of the layers"),
        "best_speedup_over_fp16": Measure("x", "of the best layer"),
        "best_speedup_over_w8a16": Measure("x", "of the best layer"),
        "best_speedup_over_w4a16": Measure("x", "of the best layer"),
    },
)
