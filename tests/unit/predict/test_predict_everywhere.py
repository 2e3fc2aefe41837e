"""Every model card on every machine, and what must hold for all sizes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgauge.archmodels import machine_names
from narrowgauge.experiments import predict as module
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.predict_capacity import footprint
from narrowgauge.workloads import model_names


@pytest.mark.parametrize("machine", machine_names())
@pytest.mark.parametrize("model", model_names())
def test_every_operator_of_every_model_has_a_price_on_every_machine(
    model: str, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "check_capacity", footprint)
    answer = predict(model, machine, batch=2, input_tokens=64, output_tokens=3)
    for phase in (answer.prefill, answer.decode):
        for line in phase.lines:
            assert 0 < line.latency_us < math.inf, line.operator
            assert 0 < line.energy_mj < math.inf, line.operator


@pytest.mark.parametrize("scheme", ["fp16", "w8a16", "w4a16-g128", "w3a16", "w2a8-ternary", "w4a8", "nf4", "mxfp4", "bitmod-fp3"])
@pytest.mark.parametrize("machine", ["a100-sxm-80gb", "h100-sxm", "rtx-4090"])
def test_weight_formats_that_nobody_measured_still_have_a_price(scheme: str, machine: str) -> None:
    answer = predict("llama-3-8b", machine, scheme)
    assert answer.tpot_ms.low < answer.tpot_ms.value < answer.tpot_ms.high


sizes = st.integers(1, 512)


@settings(max_examples=25, deadline=None)
@given(batch=st.integers(1, 64), prompt=sizes, output=st.integers(2, 256))
def test_twice_the_tokens_never_take_less_time(batch: int, prompt: int, output: int) -> None:
    def run_ms(batch: int, prompt: int, output: int) -> float:
        return predict("llama-3-8b", "a100-sxm-80gb", "bf16", batch, prompt, output, physics_only=True).total_ms.value

    base = run_ms(batch, prompt, output)
    almost = 0.97  # the closed forms of kernels step by a tile here and there
    assert run_ms(batch, prompt, 2 * output) > base
    assert run_ms(batch, 2 * prompt, output) >= base * almost
    assert run_ms(2 * batch, prompt, output) >= base * almost
