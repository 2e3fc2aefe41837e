"""QServe (Lin et al., arXiv 2405.04532): output tokens per second of offline batches on one GPU, beside TensorRT-LLM 0.9.

All prompts are taken in by one prefill pass, then the whole batch decodes to the end: tokens over the sum of both, as the
authors' benchmark counts. Without a given batch, as many sequences run as the memory holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels import load_gpu
from narrowgauge.errors import NarrowgaugeError
from narrowgauge.experiments.predict import predict as predict_model
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.experiments.serving_batch import largest_batch
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import read_model

#: scheme and framework of each system; W8A8 is SmoothQuant with static 8-bit scales of the cache, as the accuracy table says
SYSTEMS = {
    "qserve": ("w4a8-kv4", "qserve"),
    "qserve-g128": ("w4a8-g128-kv4", "qserve"),
    "trtllm-fp16": ("fp16", "trtllm-0.9"),
    "trtllm-w4a16": ("w4a16-g128", "trtllm-0.9"),
    "trtllm-w8a8": ("w8a8-kv8", "trtllm-0.9"),
}
System = Literal["qserve", "qserve-g128", "trtllm-fp16", "trtllm-w4a16", "trtllm-w8a8"]


@dataclass(frozen=True)
class Case:
    """One model served by one system."""

    model: Annotated[str, "model card or config.json"] = "llama-2-7b"
    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    system: Annotated[System, "formats and kernels"] = "qserve"
    batch: Annotated[int, "sequences, 0 for as many as fit", Within(0, 2**16)] = 0
    most: Annotated[int, "most sequences that the engine is built for"] = 256
    input_tokens: Annotated[int, "tokens of a prompt"] = 1024
    output_tokens: Annotated[int, "tokens of an answer"] = 512


def predict(case: Case) -> Mapping[str, float | Estimate]:
    """Throughput of the system, and for QServe its gain over the best TensorRT-LLM precision that runs at all."""
    own = _tokens_per_s(case, case.system, case.batch)
    found: dict[str, float | Estimate] = {"tokens_per_s": own[0], "sequences": float(own[1])}
    if case.system.startswith("qserve"):
        others = [rate for system in SYSTEMS if system.startswith("trtllm") if (rate := _rate_or_nothing(case, system)) > 0]
        found |= {"speedup": own[0].value / max(others)} if others else {}
    return found


def _tokens_per_s(case: Case, system: str, batch: int) -> tuple[Estimate, int]:
    scheme, framework = SYSTEMS[system]
    model, machine = read_model(case.model), load_gpu(case.on)
    tokens = (case.input_tokens, case.output_tokens)
    sequences = batch or largest_batch(model, parse_scheme(scheme), machine, *tokens, case.most)
    served = predict_model(model, machine, scheme, sequences, *tokens, framework=framework)
    return served.output_tokens_per_s, sequences


def _rate_or_nothing(case: Case, system: str) -> float:
    try:
        return _tokens_per_s(case, system, 0)[0].value
    except NarrowgaugeError:
        return 0.0


EXPERIMENT = Experiment(
    "qserve",
    Case,
    predict,
    {
        "tokens_per_s": Measure("token/s", "output tokens of the whole batch over the time from prompt to last token"),
        "speedup": Measure("x", "over the best TensorRT-LLM precision that fits"),
        "sequences": Measure("1", "sequences that run at once"),
    },
)
