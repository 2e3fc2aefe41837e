"""MARLIN (Frantar et al., arXiv 2408.11743): FP16 × INT4 products in groups of 128, as a kernel and inside vLLM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels import load_gpu
from narrowgauge.experiments.kernel_latency import gemm_latency
from narrowgauge.experiments.predict import predict as predict_model
from narrowgauge.experiments.reproduction.contract import Experiment, Measure

SCHEME = "w4a16-g128-sym"


@dataclass(frozen=True)
class Case:
    """A product (`n`, `k`), or a model where one is named, on one GPU or several."""

    model: Annotated[str, "model card or config.json; empty for one product"] = ""
    on: Annotated[str, "GPU"] = "a10"
    batch: Annotated[int, "rows of activations, sequences of a model"] = 16
    n: Annotated[int, "output channels of the product"] = 73728
    k: Annotated[int, "input channels of the product"] = 18432
    tp: Annotated[int, "GPUs that share every layer"] = 1
    input_tokens: Annotated[int, "tokens of a prompt"] = 64
    output_tokens: Annotated[int, "tokens of an answer"] = 64


def predict(case: Case) -> Mapping[str, float]:
    """How much faster than FP16: the kernel, or the model from prompt to last token."""
    if not case.model:
        machine = load_gpu(case.on)
        wide = gemm_latency(machine, "fp16", "trtllm", case.batch, case.n, case.k)
        narrow = gemm_latency(machine, SCHEME, "marlin", case.batch, case.n, case.k)
        return {"kernel_speedup": wide.value / narrow.value}
    return {"model_speedup": _total_ms(case, "fp16", "vllm") / _total_ms(case, SCHEME, "marlin")}


def _total_ms(case: Case, scheme: str, framework: str) -> float:
    tokens = (case.batch, case.input_tokens, case.output_tokens)
    return predict_model(case.model, case.on, scheme, *tokens, tp=case.tp, framework=framework).total_ms.value


EXPERIMENT = Experiment(
    "marlin",
    Case,
    predict,
    {
        "kernel_speedup": Measure("x", "cuBLAS in FP16 over the kernel"),
        "model_speedup": Measure("x", "vLLM in FP16 over vLLM with the kernel, the whole batch from prompt to last token"),
    },
)
