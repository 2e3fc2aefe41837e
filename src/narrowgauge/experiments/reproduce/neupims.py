"""NeuPIMs (Heo et al., ASPLOS 2024, arXiv 2403.00579): decode throughput of an NPU with PIM banks over GPU, NPU and blocked PIM.

Requests have the mean lengths of a data set and are half way through their output. Each device of a tensor-parallel group sees
the whole batch and its share of the heads. Products run by the rules of the authors' simulator unless `npu` names another NPU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from typing import Annotated, Literal

from narrowgauge.archmodels import Npu, System, load_machine
from narrowgauge.archmodels.npu import load_npu
from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.hetero.plan import PIM
from narrowgauge.experiments.hetero.predict import SystemPrediction
from narrowgauge.experiments.hetero.steady import array_busy, array_utilization, pipeline_stage, steady, tokens_per_s
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.workloads import read_model

PUBLISHED = "published"
#: OPT has the dimensions of the paper's GPT-3 variants: card, tensor and pipeline parallelism
MODELS = (("opt-6.7b", 4, 1), ("opt-13b", 4, 1), ("opt-30b", 4, 2), ("gpt-3-175b", 8, 4))
#: mean tokens of prompts and answers (casys-kaist/NeuPIMs, trace-generator)
DATASETS = {"sharegpt": (80, 296), "alpaca": (12, 56)}
BLOCKED, CONCURRENT = "npu-pim-blocked", "npu-neupims"


@dataclass(frozen=True)
class Case:
    """Batches of one data set, or the mean over several."""

    model: Annotated[str, "model card or config.json; published: the mean over the four models of the paper"] = "opt-30b"
    dataset: Annotated[Literal["sharegpt", "alpaca", "published"], "whose mean lengths requests have; published: both"] = (
        "sharegpt"
    )
    batch: Annotated[str, "requests that are decoded together; 64+256: the mean over both"] = "256"
    tp: Annotated[int, "devices that share every layer"] = 4
    pp: Annotated[int, "pipeline stages"] = 2
    gpu: Annotated[str, "the GPU to compare with"] = "a100-sxm-40gb"
    npu: Annotated[str, "the NPU: neupims-npu picks better tiles than the authors' simulator"] = "neupims-npu-artifact"


@dataclass(frozen=True)
class Point:
    """One model on one data set, with one batch."""

    card: str
    tp: int
    pp: int
    dataset: str
    batch: int


def predict(case: Case) -> Mapping[str, float]:
    """All figures, as means over the points of a case. Raises InputError for batches that are no numbers."""
    models = MODELS if case.model == PUBLISHED else ((case.model, case.tp, case.pp),)
    datasets = tuple(DATASETS) if case.dataset == PUBLISHED else (case.dataset,)
    batches = _batches(case.batch)
    points = [Point(*model, dataset, batch) for batch, model, dataset in product(batches, models, datasets)]
    each = [_figures(case, point) for point in points]
    found = {name: fmean(figures[name] for figures in each) for name in each[0]}
    gains = {
        batch: fmean(figures["sub_batch_gain"] for point, figures in zip(points, each, strict=True) if point.batch == batch)
        for batch in batches
    }
    paying = [float(batch) for batch, gain in gains.items() if gain > 1.0]
    return found | ({"sub_batches_from": min(paying)} if paying else {})


def _batches(given: str) -> Sequence[int]:
    parts = given.split("+")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise InputError([Problem("batch", f"given {given!r}, write a whole number from 1, or several as 64+256")])
    return [int(part) for part in parts]


def _figures(case: Case, point: Point) -> dict[str, float]:
    model = pipeline_stage(read_model(point.card), point.pp)
    npu, concurrent = load_npu(case.npu), _system(CONCURRENT, case.npu)
    prompt, answer = DATASETS[point.dataset]

    def run(on: Npu | System) -> SystemPrediction:
        found = steady(model, on, "fp16", point.batch, prompt, answer, point.tp)
        assert isinstance(found, SystemPrediction)  # noqa: S101 - none of these is a GPU
        return found

    best, one_part, alone = run(concurrent), run(concurrent.with_(sub_batches=1)), run(npu)
    blocked, in_turn = (run(_system(BLOCKED, case.npu).with_(sub_batches=parts)) for parts in (1, concurrent.sub_batches))
    gpu = steady(model, case.gpu, "fp16", point.batch, prompt, answer, point.tp)
    ours = tokens_per_s(best)
    return {
        "over_gpu": ours / tokens_per_s(gpu),
        "over_npu": ours / tokens_per_s(alone),
        "over_blocked": ours / tokens_per_s(blocked),
        "blocked_over_npu": tokens_per_s(blocked) / tokens_per_s(alone),
        "sub_batch_gain": ours / tokens_per_s(one_part),
        "row_buffer_gain": ours / tokens_per_s(in_turn),
        "npu_utilization": array_utilization(best, npu),
        "npu_utilization_alone": array_utilization(alone, npu),
        "npu_busy": array_busy(best, npu),
        "npu_busy_alone": array_busy(alone, npu),
        "pim_utilization": best.utilization()[PIM],
        "pim_utilization_blocked": blocked.utilization()[PIM],
        "energy_over_npu": best.decode.energy_mj / alone.decode.energy_mj,
    }


def _system(name: str, npu: str) -> System:
    found = load_machine(name)
    assert isinstance(found, System)  # noqa: S101 - its specification says so
    return found.with_npu(npu)


EXPERIMENT = Experiment(
    "neupims",
    Case,
    predict,
    {
        "over_gpu": Measure("x", "throughput over the GPU's"),
        "over_npu": Measure("x", "throughput over that of the NPU alone"),
        "over_blocked": Measure("x", "throughput over that of NPU and PIM which never work at once, the batch in one part"),
        "blocked_over_npu": Measure("x", "throughput of NPU and blocked PIM over the NPU alone"),
        "sub_batch_gain": Measure("x", "throughput over that of the same machine with the batch in one part"),
        "sub_batches_from": Measure("requests", "smallest batch of those given that is faster in two parts"),
        "row_buffer_gain": Measure("x", "throughput over that of NPU and blocked PIM whose batch may be in as many parts"),
        "npu_utilization": Measure("ratio", "multiply-accumulates of decode over the peak of the arrays"),
        "npu_utilization_alone": Measure("ratio", "the same of the NPU alone"),
        "npu_busy": Measure("ratio", "share of the time that the arrays have work, useful or not"),
        "npu_busy_alone": Measure("ratio", "the same of the NPU alone"),
        "pim_utilization": Measure("ratio", "share of the time that the PIM units work"),
        "pim_utilization_blocked": Measure("ratio", "the same where host and PIM never work at once"),
        "energy_over_npu": Measure("x", "known energy of a token over that of the NPU alone"),
    },
)
