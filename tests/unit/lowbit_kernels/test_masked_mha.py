"""Decode attention by one CTA per query head."""

import numpy as np
import pytest

from narrowgauge.archmodels import load_gpu
from narrowgauge.calibration.calibrated import price
from narrowgauge.dataflows.attention_terms import COLUMNS
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.kernels_lowbit.masked_mha import QSERVE, TRTLLM_09

A100 = load_gpu("a100-sxm-80gb")


def latency_us(library: str, precision: str, heads: int, kv_heads: int) -> float:
    row = (64, 1, heads, kv_heads, 128, 1024, 0, 128, 256)
    columns = dict(zip((*COLUMNS, "v_head_dim", "kv_elements"), (np.array([value]) for value in row), strict=True))
    return float(price(A100, "attention-decode", Variant(precision, library), columns).latency_us[0])


def test_only_listed_groups_of_query_heads_take_tensor_cores() -> None:
    assert TRTLLM_09.takes_scalar(np.array([1, 4, 7, 8])).tolist() == [True, True, True, False]
    assert QSERVE.takes_scalar(np.array([1, 8])).all()


def test_half2_halves_the_operations_and_conversion_adds_its_own() -> None:
    gpu = A100.resources
    wide = QSERVE.parameters("bf16", gpu, {"scalar_ops": 8.0})["scalar_ops"]
    narrow = QSERVE.parameters("bf16-kvint4", gpu, {"scalar_ops": 8.0})["scalar_ops"]
    counts = QSERVE.conversion["bf16-kvint4"]
    cycles = sum(count / gpu.alu_results[name] for name, count in counts.items())
    assert wide == 4.0
    assert narrow == pytest.approx(4.0 + cycles * gpu.alu_results["fp32"])


def test_time_goes_with_query_heads_and_not_with_the_cache() -> None:
    grouped, ungrouped = (latency_us("qserve", "bf16-kvint4", 32, kv_heads) for kv_heads in (8, 32))
    assert grouped == pytest.approx(ungrouped, rel=0.1)


def test_grouped_heads_cost_more_without_the_tensor_core_kernel() -> None:
    assert latency_us("trtllm-0.9", "bf16", 32, 8) > 1.5 * latency_us("trtllm", "bf16", 32, 8)
