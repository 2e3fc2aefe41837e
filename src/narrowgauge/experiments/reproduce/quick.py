"""QUICK (Kim et al., arXiv 2402.10076): weight-only GEMMs without a write-back to shared memory, beside AWQ's kernel and FP16, as
kernels and inside AutoAWQ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels import load_gpu
from narrowgauge.experiments.kernel_latency import gemm_latency
from narrowgauge.experiments.predict import predict as predict_model
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.units import MS_PER_S

#: scheme, kernel library, and framework whose decode passes use it
KERNELS = {
    "fp16": ("fp16", "trtllm", "none"),
    "awq": ("w4a16-g128", "awq", "awq"),
    "quick": ("w4a16-g128", "quick", "quick"),
}
FLOP_PER_US_OF_TFLOPS = 1e6


@dataclass(frozen=True)
class Case:
    """One product in one kernel, or a model where one is named."""

    model: Annotated[str, "model card or config.json; empty for one product"] = ""
    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    kernel: Annotated[Literal["fp16", "awq", "quick"], "the kernel of the product, or of the model's products"] = "quick"
    batch: Annotated[int, "rows of activations, sequences of a model"] = 64
    n: Annotated[int, "output channels"] = 8192
    k: Annotated[int, "input channels"] = 8192
    input_tokens: Annotated[int, "tokens of a prompt"] = 128
    output_tokens: Annotated[int, "tokens of an answer"] = 128


def predict(case: Case) -> Mapping[str, float | Estimate]:
    """Rate of the kernel and its speedup over the two others, or tokens per second of the decode passes of the model."""
    if case.model:
        scheme, _, framework = KERNELS[case.kernel]
        tokens = (case.batch, case.input_tokens, case.output_tokens)
        served = predict_model(case.model, case.on, scheme, *tokens, framework=framework)
        return {"tokens_per_s": served.tpot_ms.inverse(case.batch * MS_PER_S)}
    machine = load_gpu(case.on)
    latency = {
        name: gemm_latency(machine, scheme, library, case.batch, case.n, case.k) for name, (scheme, library, _) in KERNELS.items()
    }
    own = latency[case.kernel]
    return {
        "rate_tflops": own.inverse(2.0 * case.batch * case.n * case.k / FLOP_PER_US_OF_TFLOPS),
        "latency_us": own,
        "speedup_over_fp16": latency["fp16"].value / own.value,
        "speedup_over_awq": latency["awq"].value / own.value,
    }


EXPERIMENT = Experiment(
    "quick",
    Case,
    predict,
    {
        "rate_tflops": Measure("Tflop/s", "two operations per multiply-accumulate of the product"),
        "latency_us": Measure("us", "of the kernel"),
        "speedup_over_fp16": Measure("x", "over cuBLAS"),
        "speedup_over_awq": Measure("x", "over AutoAWQ's GEMM kernel"),
        "tokens_per_s": Measure("token/s", "decoded by the whole batch"),
    },
)
