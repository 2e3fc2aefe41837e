"""LiquidGEMM (Hu et al., arXiv 2509.01229): W4A8 products on Hopper by `wgmma`, beside QServe's kernel and TensorRT-LLM's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels import load_gpu
from narrowgauge.experiments.kernel_latency import layer_latencies
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.workloads import read_model

OWN = ("w4a8-g128", "liquidgemm")
OTHERS = {
    "over_qserve": ("w4a8-g128", "qserve"),
    "over_fp8": ("fp8-static", "trtllm"),
    "over_w8a8": ("w8a8", "trtllm"),
    "over_w4a16": ("w4a16-g128", "trtllm"),
}


@dataclass(frozen=True)
class Case:
    """The linear layers of a model for one batch."""

    model: Annotated[str, "model card or config.json"] = "llama-2-7b"
    on: Annotated[str, "GPU"] = "h800-pcie"
    batch: Annotated[int, "rows of activations"] = 256


def predict(case: Case) -> Mapping[str, float]:
    """Time of all products of a layer in the other kernels over that in LiquidGEMM, and QServe's over W8A8."""
    machine, model = load_gpu(case.on), read_model(case.model)

    def layer_us(scheme: str, library: str) -> float:
        return sum(latency.value for latency in layer_latencies(machine, model, scheme, library, case.batch).values())

    own = layer_us(*OWN)
    ratios = {name: layer_us(*kernel) / own for name, kernel in OTHERS.items()}
    return ratios | {"qserve_over_w8a8": ratios["over_qserve"] / ratios["over_w8a8"]}


EXPERIMENT = Experiment(
    "liquidgemm",
    Case,
    predict,
    {
        "over_qserve": Measure("x", "QServe's W4A8 kernel over LiquidGEMM"),
        "over_fp8": Measure("x", "TensorRT-LLM in FP8 over LiquidGEMM"),
        "over_w8a8": Measure("x", "TensorRT-LLM in INT8 over LiquidGEMM"),
        "over_w4a16": Measure("x", "TensorRT-LLM with 4-bit weights over LiquidGEMM"),
        "qserve_over_w8a8": Measure("x", "time of QServe's W4A8 kernel over that of INT8"),
    },
)
