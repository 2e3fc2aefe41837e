"""bitnet.cpp on a GPU (microsoft/BitNet, gpu): a product of one row with ternary weights, timed call by call from Python, and a
model that decodes with it.

A call is over when both the host has issued it and the kernel has run: the longer of the two is what a loop over calls takes. The
model takes its prompt in by a copy of itself in BF16 and decodes from a recorded graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels import load_gpu
from narrowgauge.experiments.kernel_latency import gemm_latency
from narrowgauge.experiments.predict import predict as predict_model
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.reproduction.contract import Experiment, Measure


@dataclass(frozen=True)
class Case:
    """One product of one row, or a model where one is named. The host's times are those of PyTorch operators on an A100
    (LLMCompass, arXiv 2312.03134)."""

    model: Annotated[str, "model card or config.json; empty for one product"] = ""
    on: Annotated[str, "GPU"] = "a100-sxm-40gb"
    n: Annotated[int, "output channels"] = 2560
    k: Annotated[int, "input channels"] = 2560
    host_us: Annotated[float, "time in which the host issues an operator of a single kernel"] = 12.0
    matmul_host_us: Annotated[float, "time in which it issues a torch.matmul"] = 21.0
    input_tokens: Annotated[int, "tokens of the prompt"] = 64
    output_tokens: Annotated[int, "tokens of the answer"] = 16


def predict(case: Case) -> Mapping[str, float | Estimate]:
    """Time per call of the ternary kernel and of BF16 by cuBLAS, and their ratio; or the time until the model's last token."""
    if case.model:
        return {"generation_ms": _generation_ms(case)}
    machine = load_gpu(case.on)
    ternary = _call(gemm_latency(machine, "w2a8-ternary", "bitnet", 1, case.n, case.k), case.host_us)
    bf16 = _call(gemm_latency(machine, "bf16", "trtllm", 1, case.n, case.k), case.matmul_host_us)
    return {"w2a8_us": ternary, "bf16_us": bf16, "speedup": bf16.value / ternary.value}


def _generation_ms(case: Case) -> float:
    tokens = (1, case.input_tokens, case.output_tokens)
    prompt = predict_model(case.model, case.on, "bf16", *tokens, framework="none")
    answer = predict_model(case.model, case.on, "w2a8-ternary", *tokens, framework="bitnet")
    return prompt.ttft_ms.value + (case.output_tokens - 1) * answer.tpot_ms.value


def _call(kernel: Estimate, host_us: float) -> Estimate:
    return Estimate(*(max(float(time), host_us) for time in (kernel.value, kernel.low, kernel.high)))


EXPERIMENT = Experiment(
    "bitnet-gpu",
    Case,
    predict,
    {
        "w2a8_us": Measure("us", "a call of the kernel with 2-bit weights and 8-bit activations"),
        "bf16_us": Measure("us", "a call of torch.matmul in BF16"),
        "speedup": Measure("x", "BF16 over W2A8"),
        "generation_ms": Measure("ms", "from prompt to last token, one sequence"),
    },
)
