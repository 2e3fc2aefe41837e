"""Does every NPU and every heterogeneous machine answer for a model: finite figures that add up, a device for every operator,
more work never cheaper, the same answer twice?"""

import math

import pytest

import narrowgauge as ng
from narrowgauge.archmodels import npu_names, system_names
from narrowgauge.experiments.hetero.predict import SystemPrediction

LOAD = {"scheme": "fp16", "batch": 2, "input_tokens": 16, "output_tokens": 9, "framework": "none"}
NAMES = (*npu_names(), *system_names())
LARGER = ({"batch": 5}, {"input_tokens": 700}, {"model": "gpt2-medium"})


def ask(name: str, model: str = "gpt2", **changes: int) -> SystemPrediction:
    found = ng.predict(model, on=name, **{**LOAD, **changes})
    assert isinstance(found, SystemPrediction)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_finite_and_within_its_interval(name: str) -> None:
    data = ask(name).to_json()
    for key in ("ttft_ms", "tpot_ms", "output_tokens_per_s", "memory_gb"):
        assert 0 < data[f"{key}_low"] <= data[key] <= data[f"{key}_high"] < math.inf, key
    assert 0 <= data["energy_per_output_token_j"] < math.inf


@pytest.mark.parametrize("name", NAMES)
def test_lines_name_a_device_and_add_up(name: str) -> None:
    answer = ask(name)
    for phase in (answer.prefill, answer.decode):
        assert all(line.device and line.bound_by and line.source for line in phase.lines)
        assert sum(line.total_us.value for line in phase.lines) == pytest.approx(phase.latency_us.value, rel=1e-6)
        assert phase.latency_us.value == pytest.approx(answer.decisions[phase.phase].schedule.makespan_ps * 1e-6, rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_no_device_works_longer_than_the_pass(name: str) -> None:
    answer = ask(name)
    assert all(0 < share <= 1 + 1e-6 for share in answer.utilization().values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", LARGER, ids=lambda change: next(iter(change)))
def test_more_work_takes_no_less_time(name: str, change: dict[str, int]) -> None:
    assert ask(name, **change).decode.latency_us.value >= 0.999 * ask(name).decode.latency_us.value


@pytest.mark.parametrize("name", NAMES)
def test_the_same_question_has_the_same_answer(name: str) -> None:
    assert ask(name).to_json() == ask(name).to_json()


@pytest.mark.parametrize("name", system_names())
def test_memory_that_multiplies_is_never_slower_than_its_host(name: str) -> None:
    answer = ask(name)
    host_alone = sum(
        line.latency_us * operator.count
        for operator in answer.decisions[answer.decode.phase].operators
        for stage in operator.ways["host"]
        for line in stage
    )
    if answer.decisions[answer.decode.phase].sub_batches == 1:
        assert answer.decode.latency_us.value <= host_alone * (1 + 1e-6)
