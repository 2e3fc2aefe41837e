"""Whole models that somebody measured: time of a static batch, time to first token, time of a decode step.

* `llm_static_batch_throughput.csv`, `llm_first_token_latency.csv` (NVIDIA TensorRT-LLM documentation, v0.9, Apache-2.0): output
  tokens/s of a static batch is batch × output tokens over the whole time, prompts included; it is given per GPU.
* `llm_energy_h100.csv` (ml-energy/leaderboard v3, vLLM on H100): the median time between tokens of a sequence. It is that of a
  decode step as long as fewer than half of the steps also carry a new prompt, which is when the batch is below half the output
  length; other rows are left out, and so are models whose formats or parallelism differ from what a scheme says.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from narrowgauge.errors import InputError, Problem
from narrowgauge.provenance import Source
from narrowgauge.units import MS_PER_S

MACHINES = {"A100-SXM-80GB": "a100-sxm-80gb", "H100-SXM-80GB": "h100-sxm", "H100": "h100-sxm"}
TRTLLM_MODELS = {
    "GPT-J-6B": "gpt-j-6b",
    "Mistral-7B": "mistral-7b",
    "Mixtral-8x7B": "mixtral-8x7b",
    "LLaMA2-7B": "llama-2-7b",
    "LLaMA2-70B": "llama-2-70b",
    "Falcon-180B": "falcon-180b",
}
#: TensorRT-LLM's FP8 checkpoints have static scales and an FP8 cache, without which the largest batches would not fit
TRTLLM_SCHEMES = {"fp16": "fp16", "fp8": "fp8-static-kvfp8"}
VLLM_MODELS = {
    "Qwen/Qwen3-8B": "qwen3-8b",
    "Qwen/Qwen3-14B": "qwen3-14b",
    "Qwen/Qwen3-32B": "qwen3-32b",
    "Qwen/Qwen3-30B-A3B-Instruct-2507": "qwen3-30b-a3b",
    "meta-llama/Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "meta-llama/Llama-3.3-70B-Instruct": "llama-3.3-70b",
}
#: mean prompt of the two text data sets, assumed: they are not published with the table, and decode steps hardly depend on it
PROMPT_TOKENS = 200


class Kind(StrEnum):
    """What was timed: until the last token, until the first one, or one decode step."""

    RUN = "run"
    FIRST_TOKEN = "first token"
    STEP = "step"


@dataclass(frozen=True)
class Case:
    """One measured run. For a step, `input_tokens` are those in the cache and `output_tokens` is 1. `power_w` is that of one GPU,
    where it was measured."""

    kind: Kind
    model: str
    machine: str
    scheme: str
    batch: int
    tp: int
    input_tokens: int
    output_tokens: int
    measured_ms: float
    power_w: float | None = None


Row = dict[str, str]


@dataclass(frozen=True)
class Table:
    """One file of runs of a framework; `case` reads a row, None for one that is left out."""

    file: str
    framework: str
    version: str
    origin: str
    case: Callable[[Row], Case | None]


def _throughput(row: Row) -> Case:
    batch, tp, tokens = int(row["batch"]), int(row["tp"]), int(row["osl"])
    run_ms = batch * tokens / (float(row["output_tokens_per_s_per_gpu"]) * tp) * MS_PER_S
    return Case(Kind.RUN, *_what(row), batch, tp, int(row["isl"]), tokens, run_ms)


def _first_token(row: Row) -> Case:
    sizes = int(row["batch"]), int(row["tp"]), int(row["isl"])
    return Case(Kind.FIRST_TOKEN, *_what(row), *sizes, 1, float(row["first_token_latency_ms"]))


def _what(row: Row) -> tuple[str, str, str]:
    return TRTLLM_MODELS[row["model"]], MACHINES[row["gpu"]], TRTLLM_SCHEMES[row["precision"]]


def _decode_step(row: Row) -> Case | None:
    batch, output = float(row["avg_batch_size"]), float(row["avg_output_len"])
    parallel = int(row["expert_parallel"]) > 1 or int(row["data_parallel"]) > 1
    if row["model_id"] not in VLLM_MODELS or parallel or batch >= output / 2:
        return None
    gpus, context = int(row["num_gpus"]), PROMPT_TOKENS + round(output / 2)
    return Case(
        Kind.STEP,
        VLLM_MODELS[row["model_id"]],
        MACHINES[row["gpu_model"]],
        {"bfloat16": "bf16"}[row["weight_precision"]],
        round(batch),
        gpus,
        context,
        1,
        float(row["median_itl_ms"]),
        float(row["avg_power_watts"]) / gpus,
    )


NVIDIA = "NVIDIA TensorRT-LLM documentation v0.9, Apache-2.0"
ML_ENERGY = "ml-energy/leaderboard v3, numbers only"
TABLES = (
    Table("llm_static_batch_throughput.csv", "trtllm", "TensorRT-LLM 0.9.0", NVIDIA, _throughput),
    Table("llm_first_token_latency.csv", "trtllm", "TensorRT-LLM 0.9.0", NVIDIA, _first_token),
    Table("llm_energy_h100.csv", "vllm", "vLLM of the ML.ENERGY leaderboard v3", ML_ENERGY, _decode_step),
)
FRAMEWORKS = tuple(dict.fromkeys(table.framework for table in TABLES))


def tables(framework: str) -> tuple[Table, ...]:
    """The files of a framework."""
    return tuple(table for table in TABLES if table.framework == framework)


def read(folder: Path, framework: str) -> list[Case]:
    """All runs of a framework below `folder`; raises one InputError with every row that cannot be read."""
    problems: list[Problem] = []
    cases = [case for table in tables(framework) for case in _read(table, folder, problems)]
    if problems:
        raise InputError(problems)
    return cases


def sources(folder: Path, framework: str) -> tuple[Source, ...]:
    """The files of a framework with their hashes and the rows that are used."""
    return tuple(
        Source(
            name=table.file,
            sha256=hashlib.sha256((folder / table.file).read_bytes()).hexdigest(),
            rows=len(list(_read(table, folder, []))),
            origin=table.origin,
        )
        for table in tables(framework)
    )


def _read(table: Table, folder: Path, problems: list[Problem]) -> Iterator[Case]:
    path = folder / table.file
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError([Problem(str(path), f"cannot be read: {error.strerror}")]) from error
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            case = table.case(row)
        except (KeyError, ValueError, ZeroDivisionError) as error:
            problems.append(Problem(f"{path}:{line}", f"not a measured run: {type(error).__name__}: {error}"))
        else:
            if case is not None:
                yield case
