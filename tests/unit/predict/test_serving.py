"""The framework's share: its fit, its file, its effect."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from narrowgauge.calibration.datasets import llm
from narrowgauge.calibration.record import FittedValue
from narrowgauge.calibration.serving import GAP, LOGIT, PREFILL, STEP, StepCost, from_json, save, to_json
from narrowgauge.calibration.serving_fit import Sample, fit_step_cost
from narrowgauge.errors import InputError
from narrowgauge.experiments import serving
from narrowgauge.experiments.predict import predict

TRUE = {PREFILL: 2000.0, STEP: 300.0, GAP: 2.0}


def samples(noise: float = 0.0, models: int = 5) -> list[Sample]:
    rng = np.random.default_rng(1)
    found = []
    for model in range(models):
        for steps in (0, 10, 100, 1000):
            kernels = (200 + 50 * model) * (1 + steps)
            blank = Sample(f"m{model}", 0.0, float(rng.uniform(5e3, 5e4)) * (1 + steps), 1, steps, kernels, 0)
            time = blank.kernels_us + sum(TRUE[name] * blank.count(name) for name in TRUE)
            found.append(Sample(blank.model, time * float(np.exp(noise * rng.normal())), blank.kernels_us, 1, steps, kernels, 0))
    return found


def test_the_fit_finds_the_numbers_that_made_the_data() -> None:
    cost = fit_step_cost("f", "1", (), samples(), tuple(TRUE))
    assert {name: cost.parameters[name].value for name in TRUE} == pytest.approx(TRUE, rel=0.02)
    assert cost.held_out["mape"] < 0.001


def test_held_out_errors_grow_with_the_noise_of_the_data() -> None:
    cost = fit_step_cost("f", "1", (), samples(noise=0.1), tuple(TRUE))
    assert 0.03 < cost.held_out["mape"] < 0.2
    assert cost.interval[0] < 0 < cost.interval[1]


def test_parameters_are_never_negative() -> None:
    faster = [Sample(s.model, 0.8 * s.kernels_us, s.kernels_us, 1, s.steps, s.kernels, 0) for s in samples()]
    assert all(value.value >= 0 for value in fit_step_cost("f", "1", (), faster, tuple(TRUE)).parameters.values())


def test_two_models_are_too_few_to_leave_one_out() -> None:
    with pytest.raises(InputError, match="needs 3"):
        fit_step_cost("f", "1", (), samples(models=2), tuple(TRUE))


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    cost = fit_step_cost("f", "1", (), samples(noise=0.05), tuple(TRUE))
    again = from_json(json.loads(save(cost, tmp_path).read_text()), "f.json")
    assert to_json(again) == to_json(cost)


def test_a_file_of_another_schema_is_refused() -> None:
    with pytest.raises(InputError, match="schema 9"):
        from_json({"schema": 9}, "f.json")


def cost_of(**values: float) -> StepCost:
    parameters = {name: FittedValue(value, value / 2, value * 2, "us") for name, value in values.items()}
    return StepCost("f", "1", (), 1, parameters, {}, (-0.1, 0.1))


def test_a_pass_costs_its_fixed_part_its_kernels_and_its_logits() -> None:
    cost = cost_of(**{PREFILL: 100.0, STEP: 10.0, GAP: 2.0, LOGIT: 0.5})
    assert cost.overhead_us(prefill=False, kernels=20, logits=4000).value == pytest.approx(10 + 40 + 2)
    assert cost.overhead_us(prefill=True, kernels=20, logits=0).value == pytest.approx(140)


def test_a_prefill_that_nobody_timed_costs_a_step() -> None:
    assert cost_of(**{STEP: 10.0}).overhead_us(prefill=True, kernels=5, logits=5).value == 10


def test_the_step_cost_is_a_line_of_both_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    host = serving.Framework("trtllm", "trtllm", frozenset(), cost_of(**{PREFILL: 5000.0, STEP: 1000.0}))
    monkeypatch.setattr("narrowgauge.experiments.predict_request.framework", lambda name: host)
    answer = predict("llama-3-8b", "a100-sxm-80gb")
    lines = {line.phase: line for line in (*answer.prefill.lines, *answer.decode.lines) if line.operator == "framework"}
    assert [lines[phase].total_us.value for phase in ("prefill", "decode")] == [5000, 1000]


def test_rows_that_are_no_runs_are_named_together(tmp_path: Path) -> None:
    for table in llm.tables("trtllm"):
        (tmp_path / table.file).write_text("model,gpu,precision,batch,tp,isl\nGPT-9,A100-SXM-80GB,fp16,1,1,8\n")
    with pytest.raises(InputError) as caught:
        llm.read(tmp_path, "trtllm")
    assert len(caught.value.problems) == 2
    assert ":2" in str(caught.value)


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"llm_energy_h100\.csv"):
        llm.read(tmp_path, "vllm")
