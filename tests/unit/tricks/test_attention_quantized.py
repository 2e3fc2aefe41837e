"""Attention whose products run in narrow formats."""

import numpy as np
import pytest

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import Basis, basis_of
from narrowgauge.dataflows.attention_prefill import AttentionPrefill
from narrowgauge.dataflows.attention_quantized import Products, quantized_prefill_us
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import UnsupportedError

ROWS = {
    name: np.array([value])
    for name, value in {
        "batch_size": 2,
        "isl": 16384,
        "num_heads": 32,
        "num_key_value_heads": 32,
        "head_dim": 128,
        "step": 0,
        "window_size": 0,
    }.items()
}


@pytest.fixture(scope="module")
def basis() -> Basis:
    return basis_of("attention-prefill", Variant("fp16", "vllm"), load_gpu("rtx-4090"))


def _us(basis: Basis, scores: str, values: str) -> float:
    return float(quantized_prefill_us(ROWS, Products(scores, values), basis.library, basis.gpu, basis.parameters)[0])


def test_sixteen_bits_are_the_family_without_its_appends(basis: Basis) -> None:
    whole = AttentionPrefill().cost(ROWS, Variant("fp16", basis.library), basis.gpu, basis.parameters)
    appended = float(whole.latency_us[0]) - _us(basis, "fp16", "fp16")
    assert 0.0 < appended < 0.05 * float(whole.latency_us[0])


def test_faster_operands_are_no_slower(basis: Basis) -> None:
    times = [_us(basis, *pair) for pair in (("fp16", "fp16"), ("int8", "fp8"), ("int4", "fp8"), ("int4", "fp8_f16acc"))]
    assert times == sorted(times, reverse=True)


def test_the_gain_stays_below_that_of_the_tensor_cores(basis: Basis) -> None:
    rate = basis.gpu.tensor_macs
    ideal = (2 / rate["fp16"]) / (1 / rate["int4"] + 1 / rate["fp8"])
    assert 1.0 < _us(basis, "fp16", "fp16") / _us(basis, "int4", "fp8") < ideal


def test_a_gpu_without_fp8_refuses() -> None:
    other = basis_of("attention-prefill", Variant("fp16", "vllm"), load_gpu("a100-sxm-80gb"))
    with pytest.raises(UnsupportedError, match="fp8"):
        _us(other, "int8", "fp8")
