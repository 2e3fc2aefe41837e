"""Whole models that somebody measured: time of a static batch, and time to first token.

Files: `llm_static_batch_throughput.csv` and `llm_first_token_latency.csv` (NVIDIA TensorRT-LLM documentation, v0.9, Apache-2.0).
Output tokens/s of a static batch is batch × output tokens over the whole time, prompts included; it is given per GPU.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from narrowgauge.calibration.record import Source
from narrowgauge.errors import InputError, Problem
from narrowgauge.units import MS_PER_S

THROUGHPUT, FIRST_TOKEN = "llm_static_batch_throughput.csv", "llm_first_token_latency.csv"
ORIGIN = "NVIDIA TensorRT-LLM documentation v0.9, Apache-2.0"
FRAMEWORK, VERSION = "trtllm", "TensorRT-LLM 0.9.0"
MACHINES = {"A100-SXM-80GB": "a100-sxm-80gb", "H100-SXM-80GB": "h100-sxm"}
MODELS = {
    "GPT-J-6B": "gpt-j-6b",
    "Mistral-7B": "mistral-7b",
    "Mixtral-8x7B": "mixtral-8x7b",
    "LLaMA2-7B": "llama-2-7b",
    "LLaMA2-70B": "llama-2-70b",
    "Falcon-180B": "falcon-180b",
}
#: TensorRT-LLM's FP8 checkpoints have static scales and an FP8 cache, without which the largest batches would not fit
SCHEMES = {"fp16": "fp16", "fp8": "fp8-static-kvfp8"}


@dataclass(frozen=True)
class Case:
    """One measured run. `total_ms` is the time until the last of `output_tokens` tokens; 1 of them: the time to first token."""

    model: str
    machine: str
    scheme: str
    batch: int
    tp: int
    input_tokens: int
    output_tokens: int
    total_ms: float

    @property
    def is_first_token(self) -> bool:
        """Whether only the time to first token was measured."""
        return self.output_tokens == 1


def read(folder: Path) -> list[Case]:
    """All runs below `folder`; raises one InputError with every row that names an unknown model, GPU or precision."""
    problems: list[Problem] = []
    cases = [case for name in (THROUGHPUT, FIRST_TOKEN) for case in _read(folder / name, problems)]
    if problems:
        raise InputError(problems)
    return cases


def sources(folder: Path) -> tuple[Source, ...]:
    """The files with their hashes and rows."""
    return tuple(
        Source(name, hashlib.sha256((folder / name).read_bytes()).hexdigest(), len(list(_read(folder / name, []))), ORIGIN)
        for name in (THROUGHPUT, FIRST_TOKEN)
    )


def _read(path: Path, problems: list[Problem]) -> Iterator[Case]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError([Problem(str(path), f"cannot be read: {error.strerror}")]) from error
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            yield _case(row)
        except (KeyError, ValueError) as error:
            problems.append(Problem(f"{path}:{line}", f"not a measured run: {type(error).__name__}: {error}"))


def _case(row: dict[str, str]) -> Case:
    batch, tp = int(row["batch"]), int(row["tp"])
    if "first_token_latency_ms" in row:
        tokens, total_ms = 1, float(row["first_token_latency_ms"])
    else:
        tokens = int(row["osl"])
        total_ms = batch * tokens / (float(row["output_tokens_per_s_per_gpu"]) * tp) * MS_PER_S
    return Case(
        model=MODELS[row["model"]],
        machine=MACHINES[row["gpu"]],
        scheme=SCHEMES[row["precision"]],
        batch=batch,
        tp=tp,
        input_tokens=int(row["isl"]),
        output_tokens=tokens,
        total_ms=total_ms,
    )
