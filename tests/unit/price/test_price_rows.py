"""Is each fault of a cell found, named, and confined to its row?"""

import numpy as np
import pandas as pd
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.experiments.price import bad_rows, price_table

A100 = load_machine("a100-sxm-80gb")
GEMM = {"m": 64, "n": 4096, "k": 4096, "scheme": "bf16"}
HEADS = {"num_heads": 32, "num_key_value_heads": 8, "head_dim": 128}
ATTENTION = {"batch_size": 8, "isl": 64, "step": 0, **HEADS, "attn_dtype": "bf16"}
ELEMENTWISE = {"op": "attn_rope", "num_tokens": 64, "n_embd": 4096, "n_head": 32, "n_kv_head": 8}


def faults(good: dict[str, object], **wrong: object) -> list[str]:
    """Reasons for refusing the second row of three, in which the columns of `wrong` are replaced."""
    frame = pd.DataFrame([good, {**good, **wrong}, good]).astype(dict.fromkeys(wrong, object))
    found = bad_rows(price_table(frame, A100))
    assert all(rows.tolist() == [1] for rows in found.values())
    return list(found)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (0, "m is zero"),
        (-4, "m is negative"),
        (1.5, "m is fractional"),
        (np.nan, "m is missing"),
        (None, "m is missing"),
        (np.inf, "m is infinite"),
        (2**31, "m is too large"),
        (10**30, "m is too large"),
        ("many", "m is not a number"),
        ([1, 2], "m is not a number"),
        ("2026-01-01", "m is not a number"),
    ],
)
def test_a_dimension_is_a_whole_number(value: object, fault: str) -> None:
    (found,) = faults(GEMM, m=value)
    assert found.startswith(f"{fault}, allowed: whole numbers from 1 to 2147483647")


def test_every_fault_of_a_row_is_named() -> None:
    (found,) = faults(GEMM, m=0, k=-1, scheme="w4b16")
    assert [part in found for part in ("m is zero", "k is negative", "unknown scheme 'w4b16'")] == [True] * 3


def test_products_that_no_gpu_holds_are_refused() -> None:
    (found,) = faults(GEMM, m=2**31 - 1, n=2**31 - 1)
    assert "m × n is above 2^40" in found


def test_the_largest_dimension_alone_is_priced() -> None:
    assert faults(GEMM, m=2**31 - 1, n=16, k=16) == []


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"num_key_value_heads": 64}, "num_key_value_heads is above num_heads"),
        ({"num_key_value_heads": 5}, "num_heads is no multiple of num_key_value_heads"),
        ({"isl": 1, "step": None}, "step is missing, a row with isl 1 needs it"),
        ({"attn_dtype": "bf17"}, "unknown format 'bf17'; did you mean 'bf16'?"),
        ({"attn_dtype": "fp8"}, "has no FP8 tensor cores"),
        ({"isl": 2**30, "step": 2**30, "batch_size": 1, "num_heads": 8, "head_dim": 8}, "work is above 2^62"),
    ],
)
def test_attention_rows_must_make_sense(wrong: dict[str, object], fault: str) -> None:
    (found,) = faults(ATTENTION, **wrong)
    assert fault in found


def test_prefill_needs_no_step() -> None:
    assert faults(ATTENTION, step=None) == []


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"op": "attn_ropes"}, "unknown op 'attn_ropes'; did you mean 'attn_rope'?"),
        ({"op": None}, "has no op"),
        ({"n_head": None}, "n_head is missing"),
        ({"n_head": 8192}, "n_head is above n_embd"),
    ],
)
def test_elementwise_rows_must_make_sense(wrong: dict[str, object], fault: str) -> None:
    (found,) = faults(ELEMENTWISE, **wrong)
    assert fault in found


def test_columns_that_an_op_does_not_need_may_be_empty() -> None:
    assert faults(ELEMENTWISE, op="add", n_head=None, n_kv_head=None) == []


def test_numbers_written_as_text_are_numbers() -> None:
    assert faults(GEMM, m="64") == []


@pytest.mark.parametrize("dtype", ["int16", "uint64", "float32", "Int64", "object", "category"])
def test_any_column_type_of_whole_numbers_is_taken(dtype: str) -> None:
    frame = pd.DataFrame([GEMM]).astype({"m": dtype})
    assert price_table(frame, A100)["latency_us"].notna().all()
