"""The framework's share: its fit, its file, its effect."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from narrowgauge.calibration.datasets import llm
from narrowgauge.calibration.record import FittedValue
from narrowgauge.calibration.serving import GAP, LOGIT, PREFILL_GAP, PREFILL_SHARE, STEP, StepCost, from_json, save, to_json
from narrowgauge.calibration.serving_fit import Sample, fit_step_cost
from narrowgauge.errors import InputError
from narrowgauge.experiments import serving
from narrowgauge.experiments.predict import predict

TRUE = {PREFILL_GAP: 9.0, PREFILL_SHARE: 0.1, STEP: 300.0}


def samples(noise: float = 0.0, models: int = 5) -> list[Sample]:
    rng = np.random.default_rng(1)
    found = []
    for model in range(models):
        for steps in (0, 10, 100, 1000):
            kernels = 200 + 50 * model
            prefill_us, step_us = rng.uniform(1e4, 1e5), rng.uniform(5e3, 2e4)
            parts = float(prefill_us), float(steps * step_us), kernels, steps * kernels, 1 + steps, 0
            blank = Sample(f"m{model}", 0.0, *parts)
            time = blank.kernels_us + sum(TRUE[name] * blank.count(name) for name in TRUE)
            found.append(Sample(blank.model, time * float(np.exp(noise * rng.normal())), *parts))
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
    faster = [replace(s, measured_us=0.8 * s.kernels_us) for s in samples()]
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


def test_a_decode_pass_costs_its_host_work_its_kernels_and_its_logits() -> None:
    cost = cost_of(**{STEP: 10.0, GAP: 2.0, LOGIT: 0.5, PREFILL_GAP: 100.0, PREFILL_SHARE: 1.0})
    assert cost.overhead_us(prefill=False, kernels=20, kernels_us=1e6, logits=4000).value == pytest.approx(10 + 40 + 2)


def test_a_prefill_pass_costs_its_launches_and_a_share_of_its_kernels() -> None:
    cost = cost_of(**{STEP: 10.0, GAP: 2.0, PREFILL_GAP: 5.0, PREFILL_SHARE: 0.1})
    assert cost.overhead_us(prefill=True, kernels=20, kernels_us=1000.0, logits=0).value == pytest.approx(10 + 100 + 100)


def test_what_the_data_cannot_tell_counts_as_nothing() -> None:
    assert cost_of(**{STEP: 10.0}).overhead_us(prefill=True, kernels=5, kernels_us=7.0, logits=5).value == 10


def test_the_step_cost_is_a_line_of_both_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    host = serving.Framework("trtllm", "trtllm", frozenset(), cost_of(**{PREFILL_GAP: 10.0, STEP: 1000.0}))
    monkeypatch.setattr("narrowgauge.experiments.predict_request.framework", lambda name: host)
    answer = predict("llama-3-8b", "a100-sxm-80gb")
    lines = {line.phase: line for line in (*answer.prefill.lines, *answer.decode.lines) if line.operator == "framework"}
    assert lines["prefill"].total_us.value == pytest.approx(1000 + 10 * answer.prefill.kernel_count)
    assert lines["decode"].total_us.value == 1000


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
