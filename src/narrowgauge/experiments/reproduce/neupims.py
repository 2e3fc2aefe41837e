"""NeuPIMs (Heo et al., ASPLOS 2024, arXiv 2403.00579): decode throughput of an NPU with PIM banks over GPU, NPU and blocked PIM.

Requests have the mean lengths of a data set and are half way through their output. Each device of a tensor-parallel group sees
the whole batch and its share of the heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, Literal

from narrowgauge.archmodels import Npu, System, load_machine
from narrowgauge.experiments.hetero.plan import PIM
from narrowgauge.experiments.hetero.predict import SystemPrediction
from narrowgauge.experiments.hetero.steady import array_utilization, pipeline_stage, steady, tokens_per_s
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.workloads import read_model

PUBLISHED = "published"
#: OPT has the dimensions of the paper's GPT-3 variants: card, tensor and pipeline parallelism
MODELS = (("opt-6.7b", 4, 1), ("opt-13b", 4, 1), ("opt-30b", 4, 2), ("gpt-3-175b", 8, 4))
#: mean tokens of prompts and answers (casys-kaist/NeuPIMs, trace-generator)
DATASETS = {"sharegpt": (80, 296), "alpaca": (12, 56)}
NPU, BLOCKED, CONCURRENT = "neupims-npu", "npu-pim-blocked", "npu-neupims"


@dataclass(frozen=True)
class Case:
    """One batch of one data set."""

    model: Annotated[str, "model card or config.json; published: the mean over the four models of the paper"] = "opt-30b"
    dataset: Annotated[Literal["sharegpt", "alpaca"], "whose mean lengths requests have"] = "sharegpt"
    batch: Annotated[int, "requests that are decoded together"] = 256
    tp: Annotated[int, "devices that share every layer"] = 4
    pp: Annotated[int, "pipeline stages"] = 2
    gpu: Annotated[str, "the GPU to compare with"] = "a100-sxm-40gb"


def predict(case: Case) -> Mapping[str, float]:
    """All figures of one model, or their means over the published ones."""
    chosen = MODELS if case.model == PUBLISHED else ((case.model, case.tp, case.pp),)
    each = [_figures(case, *one) for one in chosen]
    return {name: fmean(figures[name] for figures in each) for name in each[0]}


def _figures(case: Case, card: str, tp: int, pp: int) -> dict[str, float]:
    model = pipeline_stage(read_model(card), pp)
    prompt, answer = DATASETS[case.dataset]

    def run(on: str | System) -> SystemPrediction:
        found = steady(model, on, "fp16", case.batch, prompt, answer, tp)
        assert isinstance(found, SystemPrediction)  # noqa: S101 - none of these is a GPU
        return found

    system = load_machine(CONCURRENT)
    assert isinstance(system, System) and isinstance(system.host, Npu)  # noqa: S101 - its specification says so
    best, one_part, blocked, alone = run(system), run(system.with_(sub_batches=1)), run(BLOCKED), run(NPU)
    gpu = steady(model, case.gpu, "fp16", case.batch, prompt, answer, tp)
    ours = tokens_per_s(best)
    return {
        "over_gpu": ours / tokens_per_s(gpu),
        "over_npu": ours / tokens_per_s(alone),
        "over_blocked": ours / tokens_per_s(blocked),
        "blocked_over_npu": tokens_per_s(blocked) / tokens_per_s(alone),
        "sub_batch_gain": ours / tokens_per_s(one_part),
        "npu_utilization": array_utilization(best, system.host),
        "npu_utilization_alone": array_utilization(alone, system.host),
        "pim_utilization": best.utilization()[PIM],
        "pim_utilization_blocked": blocked.utilization()[PIM],
    }


EXPERIMENT = Experiment(
    "neupims",
    Case,
    predict,
    {
        "over_gpu": Measure("x", "throughput over the GPU's"),
        "over_npu": Measure("x", "throughput over that of the NPU alone"),
        "over_blocked": Measure("x", "throughput over that of NPU and PIM which never work at once"),
        "blocked_over_npu": Measure("x", "throughput of NPU and blocked PIM over the NPU alone"),
        "sub_batch_gain": Measure("x", "throughput over that of the same machine with the batch in one part"),
        "npu_utilization": Measure("ratio", "multiply-accumulates of decode over the peak of the arrays"),
        "npu_utilization_alone": Measure("ratio", "the same of the NPU alone"),
        "pim_utilization": Measure("ratio", "share of the time that the PIM units work"),
        "pim_utilization_blocked": Measure("ratio", "the same where host and PIM never work at once"),
    },
)
