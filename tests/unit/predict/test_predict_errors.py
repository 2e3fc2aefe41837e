"""What `predict` refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest

from narrowgauge.errors import CapacityError, InputError, UnsupportedError
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.predict_capacity import largest_batch
from narrowgauge.experiments.predict_request import check

A100 = "a100-sxm-80gb"


@pytest.mark.parametrize("value", [0, -1, 1.5, float("nan"), True, 2**40, "8", None])
@pytest.mark.parametrize("name", ["batch", "input_tokens", "output_tokens", "tp"])
def test_sizes_that_are_no_whole_numbers_in_range_are_named(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=name):
        predict("llama-3-8b", A100, **{name: value})


def test_all_problems_come_in_one_error() -> None:
    with pytest.raises(InputError) as caught:
        predict("llama-3-88b", "a100-sxm", "fp9", batch=0, input_tokens=-1, framework="vlm", fidelity="exact")
    text = str(caught.value)
    for expected in ("llama-3-8b", "a100-sxm-80gb", "fp9", "batch", "input_tokens", "vllm", "fidelity"):
        assert expected in text


def test_gpus_that_do_not_divide_the_heads_are_refused() -> None:
    with pytest.raises(InputError, match="attention heads"):
        predict("llama-3-8b", A100, tp=3)


def test_a_format_that_the_tensor_cores_lack_is_refused_with_a_remedy() -> None:
    with pytest.raises(UnsupportedError, match="w8a16-fp8"):
        predict("llama-3-8b", A100, "fp8")


def test_an_unknown_fidelity_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'event'"):
        predict("llama-3-8b", A100, fidelity="evnt")


def test_more_tokens_than_learned_positions_are_refused() -> None:
    with pytest.raises(InputError, match="1024 positions"):
        predict("gpt2", A100, input_tokens=1000, output_tokens=100)


def test_more_tokens_than_a_rotary_model_was_made_for_are_a_warning() -> None:
    answer = predict("llama-3-8b", A100, input_tokens=10000, output_tokens=2)
    assert any("8192" in warning for warning in answer.warnings)


def test_a_model_that_does_not_fit_says_what_is_missing_and_what_would_do() -> None:
    with pytest.raises(CapacityError) as caught:
        predict("llama-3-70b", A100)
    text = str(caught.value)
    assert "GB are missing" in text
    assert "--tp 2" in text
    assert "even batch 1" in text


def test_a_cache_that_does_not_fit_names_the_largest_batch() -> None:
    asked = check("llama-2-7b", A100, "bf16", 4096, 1024, 128, 1, None, "analytic", False)
    fitting = largest_batch(asked, asked.machine.resources.memory_gb)
    with pytest.raises(CapacityError, match=f"largest batch that fits: {fitting}"):
        predict("llama-2-7b", A100, batch=4096)
    predict("llama-2-7b", A100, batch=fitting)
    with pytest.raises(CapacityError):
        predict("llama-2-7b", A100, batch=fitting + 1)


def test_hardware_that_has_room_is_named() -> None:
    with pytest.raises(CapacityError, match="a100-sxm-80gb"):
        predict("llama-3-8b", "rtx-4070")


def test_a_path_that_is_no_config_is_one_error(tmp_path: Any) -> None:
    broken = tmp_path / "config.json"
    broken.write_text("{not json")
    with pytest.raises(InputError, match="is not JSON"):
        predict(broken, A100)
