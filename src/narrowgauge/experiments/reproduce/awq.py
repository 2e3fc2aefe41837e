"""AWQ and TinyChat (Lin et al., arXiv 2306.00978): one sequence, decoded token by token, in FP16 and with 4-bit weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.experiments.predict import predict as predict_model
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.units import MS_PER_S


@dataclass(frozen=True)
class Case:
    """One model on one GPU; the authors' benchmark decodes 200 tokens after a prompt of four."""

    model: Annotated[str, "model card or config.json"] = "llama-2-7b"
    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    scheme: Annotated[str, "scheme of the quantised model"] = "w4a16-g128"
    input_tokens: Annotated[int, "tokens of the prompt"] = 4
    output_tokens: Annotated[int, "tokens that are decoded"] = 200


def predict(case: Case) -> Mapping[str, float | Estimate]:
    """Time per token of both precisions and their ratio, and the time to the first token; kernels alone, back to back.

    A token at a time goes through TensorRT-LLM's GEMV, which TinyChat took over, a prompt through TinyChat's own GEMM."""
    wide, narrow, prompt = _run(case, "fp16", "none"), _run(case, case.scheme, "none"), _run(case, case.scheme, "tinychat")
    return {
        "fp16_ms": wide.tpot_ms,
        "int4_ms": narrow.tpot_ms,
        "speedup": wide.tpot_ms.value / narrow.tpot_ms.value,
        "fp16_first_token_s": wide.ttft_ms.scaled(1.0 / MS_PER_S),
        "int4_first_token_s": prompt.ttft_ms.scaled(1.0 / MS_PER_S),
    }


def _run(case: Case, scheme: str, framework: str) -> Prediction:
    return predict_model(case.model, case.on, scheme, 1, case.input_tokens, case.output_tokens, framework=framework)


EXPERIMENT = Experiment(
    "awq",
    Case,
    predict,
    {
        "fp16_ms": Measure("ms", "per decoded token in FP16"),
        "int4_ms": Measure("ms", "per decoded token with 4-bit weights"),
        "speedup": Measure("x", "FP16 over INT4"),
        "fp16_first_token_s": Measure("s", "prefill in FP16"),
        "int4_first_token_s": Measure("s", "prefill with 4-bit weights"),
    },
)
