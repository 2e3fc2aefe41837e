"""Whole models against what NVIDIA and ML.ENERGY measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from narrowgauge.calibration.datasets import llm
from narrowgauge.calibration.serving import from_json, shipped
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.serving_fit import Comparison, compare, fit_serving, mean_absolute_error

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs the measured data sets in ../shared/data"),
]


@pytest.fixture(scope="module")
def trtllm() -> list[Comparison]:
    return compare(DATA, "trtllm")


@pytest.fixture(scope="module")
def vllm() -> list[Comparison]:
    return compare(DATA, "vllm")


@pytest.mark.parametrize("kind", [llm.Kind.RUN, llm.Kind.FIRST_TOKEN])
def test_possible_runs_of_tensorrt_llm_are_within_ten_percent(trtllm: list[Comparison], kind: llm.Kind) -> None:
    assert mean_absolute_error(each for each in trtllm if each.case.kind is kind and each.possible) < 0.10


def test_all_static_batches_are_within_ten_percent(trtllm: list[Comparison]) -> None:
    assert mean_absolute_error(each for each in trtllm if each.case.kind is llm.Kind.RUN) < 0.10


def test_only_runs_of_a_mixture_of_experts_beat_what_memory_can_deliver(trtllm: list[Comparison]) -> None:
    impossible = [each.case for each in trtllm if not each.possible]
    assert {case.model for case in impossible} == {"mixtral-8x7b"}
    assert len(impossible) == 2


def test_decode_steps_of_vllm_are_within_ten_percent(vllm: list[Comparison]) -> None:
    assert mean_absolute_error(vllm) < 0.10


def test_models_that_the_step_cost_never_saw_are_within_ten_percent(tmp_path: Path) -> None:
    for path in fit_serving(DATA, tmp_path):
        cost = from_json(json.loads(path.read_text()), str(path))
        assert cost.held_out["mape_whole_run"] < 0.10
        assert cost.held_out["mape_first_token"] < 0.10


def test_the_shipped_step_costs_are_those_of_the_data(tmp_path: Path) -> None:
    for path in fit_serving(DATA, tmp_path):
        fresh, known = json.loads(path.read_text()), shipped(path.stem)
        assert known is not None
        assert [vars(source) for source in known.sources] == fresh["sources"]
        for name, value in fresh["parameters"].items():
            assert known.parameters[name].value == pytest.approx(value["value"], rel=0.1)


def test_intervals_cover_most_of_the_measured_runs(trtllm: list[Comparison], vllm: list[Comparison]) -> None:
    covered = [each.covered for each in (*trtllm, *vllm)]
    assert sum(covered) / len(covered) >= 0.85


@pytest.mark.parametrize(
    ("machine", "scheme", "measured_ms"),
    [
        ("a100-sxm-80gb", "bf16", 11.55),
        ("a100-sxm-80gb", "w4a16", 6.23),
        ("h100-sxm", "bf16", 6.62),
    ],
)
def test_kernels_of_llama_add_up_to_the_measured_ones(machine: str, scheme: str, measured_ms: float) -> None:
    """Batch 1, context 2048: the sum of the measured kernels of one token, as the data set has them."""
    answer = predict("llama-3.1-8b", machine, scheme, input_tokens=2048, output_tokens=1, framework="none")
    assert answer.tpot_ms.value == pytest.approx(measured_ms, rel=0.06)
