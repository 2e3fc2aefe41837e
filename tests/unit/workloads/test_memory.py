"""Does the footprint add up to what the files and caches of real models take?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.errors import InputError
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import memory_footprint, model_names, parameter_count, read_model
from narrowgauge.workloads.memory import kv_cache_bytes, weight_bytes

BF16 = parse_scheme("bf16")


@pytest.mark.parametrize("name", model_names())
def test_16_bit_weights_take_two_bytes_per_parameter(name: str) -> None:
    model = read_model(name)
    assert weight_bytes(model, BF16) == 2 * parameter_count(model)


def test_embedding_and_head_stay_at_16_bits_under_4_bit_weights() -> None:
    model = read_model("llama-3-8b")
    tables = 2 * 128256 * 4096
    norms = 65 * 4096
    expected = tables * 2 + norms * 2 + (parameter_count(model) - tables - norms) * (4 + 20 / 128) / 8
    assert weight_bytes(model, parse_scheme("w4a16-g128")) == expected


@pytest.mark.parametrize(
    ("name", "bytes_per_token"),
    [("llama-2-7b", 512 * 1024), ("llama-3-8b", 128 * 1024), ("llama-3-70b", 320 * 1024), ("deepseek-v3", 61 * 576 * 2)],
)
def test_kv_cache_per_token(name: str, bytes_per_token: int) -> None:
    assert kv_cache_bytes(read_model(name), BF16, 1) == bytes_per_token


def test_a_window_caps_the_cache_of_its_layers() -> None:
    model = read_model("gemma-2-9b")
    per_layer_token = 2 * 8 * 256 * 2
    assert kv_cache_bytes(model, BF16, 8192) == per_layer_token * 21 * (4096 + 8192)


def test_narrow_caches_take_less() -> None:
    model = read_model("llama-3-8b")
    wide, half, quarter = (kv_cache_bytes(model, parse_scheme(name), 100) for name in ("w4a8", "w4a8-kv8", "w4a8-kv4"))
    assert wide == 2 * half
    assert quarter == wide * (128 * 4 + 32) / (128 * 16)


def test_parts_sum_to_the_total() -> None:
    found = memory_footprint(read_model("llama-3-8b"), BF16, 8, 2048)
    assert found.total_gb == found.weights_gb + found.kv_cache_gb + found.activations_gb
    assert found.kv_cache_gb == pytest.approx(8 * 2048 * 131072 / 1e9)


@pytest.mark.parametrize("name", ["llama-3-70b", "mixtral-8x22b", "gpt-j-6b", "deepseek-v2"])
def test_two_gpus_hold_about_half_each(name: str) -> None:
    model = read_model(name)
    assert weight_bytes(model, BF16, 2) == pytest.approx(
        weight_bytes(model, BF16) / 2, rel=0.02
    )  # replicated router, norms, latents


@given(st.integers(1, 256), st.integers(1, 8192))
def test_more_sequences_or_tokens_never_need_less(batch: int, context: int) -> None:
    model = read_model("mistral-7b")
    found = memory_footprint(model, BF16, batch, context)
    assert found.total_gb <= memory_footprint(model, BF16, batch + 1, context).total_gb
    assert found.total_gb <= memory_footprint(model, BF16, batch, context + 1).total_gb


@pytest.mark.parametrize(("batch", "context"), [(0, 1), (1, 0), (1.5, 1), (1, True), (10**9, 1)])
def test_impossible_sizes_are_refused(batch: int, context: int) -> None:
    with pytest.raises(InputError, match="allowed: a whole number from 1"):
        memory_footprint(read_model("gpt2"), BF16, batch, context)
