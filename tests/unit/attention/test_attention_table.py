"""Does every row of a table reach the right family and variant?"""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from narrowgauge.calibration.datasets.attention import library_name, precision_name, variants
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError

SHAPE = {"batch_size": 1, "isl": 1, "num_heads": 32, "num_key_value_heads": 8, "head_dim": 128}


def table(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame([{**SHAPE, **row} for row in rows], index=range(10, 10 + len(rows)))


def test_one_token_behind_a_cache_is_decode_and_all_else_prefill():
    parts = variants(table({"step": 100}, {"step": 0}, {"isl": 64, "step": 100}))
    assert {key: list(part.index) for key, part in parts.items()} == {
        ("attention-decode", Variant("bf16", "")): [10],
        ("attention-prefill", Variant("bf16", "")): [11, 12],
    }


def test_absent_columns_have_their_meaning():
    ((_, variant), part) = next(iter(variants(table({"isl": 64})).items()))
    assert variant == Variant("bf16", "")
    assert part[["step", "window_size"]].to_numpy().tolist() == [[0, 0]]
    assert "latency_us" not in part


def test_formats_frameworks_and_kernels_make_variants():
    rows = table(
        {"framework": "vllm", "kernel_source": "vllm_flash_attn_fa3", "attn_dtype": "bfloat16", "kv_cache_dtype": "fp8"},
        {"framework": "vllm", "kernel_source": "vllm_flash_attn_fa4", "attn_dtype": "bfloat16", "kv_cache_dtype": "bfloat16"},
        {"framework": "sglang", "kernel_source": "triton", "attn_dtype": "fp8", "kv_cache_dtype": "fp8"},
        {"framework": "trtllm", "kernel_source": "torch_flow", "attn_dtype": "float16", "kv_cache_dtype": None},
    )
    assert {variant for _, variant in variants(rows)} == {
        Variant("bf16-kvfp8", "vllm"),
        Variant("bf16", "vllm-fa4"),
        Variant("fp8", "sglang-triton"),
        Variant("fp16", "trtllm"),
    }


def test_spellings_of_one_variant_stay_together_in_order():
    rows = table({"attn_dtype": "bf16"}, {"attn_dtype": "torch.bfloat16"}, {"attn_dtype": "bf16"})
    assert [list(part.index) for part in variants(rows).values()] == [[10, 11, 12]]


def test_windows_that_are_not_there_become_zero_and_measurements_pass():
    part = next(iter(variants(table({"window_size": np.nan, "latency_us": 12.5}))))
    assert part[0] == "attention-prefill"
    frame = next(iter(variants(table({"window_size": np.nan, "latency_us": 12.5})).values()))
    assert frame.loc[10, "window_size"] == 0 and frame.loc[10, "latency_us"] == 12.5


def test_every_missing_column_is_named_at_once():
    with pytest.raises(InputError) as caught:
        variants(pd.DataFrame({"batch_size": [1], "isl": [1]}))
    assert [p.where for p in caught.value.problems] == ["num_heads", "num_key_value_heads", "head_dim"]


@pytest.mark.parametrize(
    ("query", "cache", "name"),
    [("bfloat16", "", "bf16"), ("bf16", "fp8", "bf16-kvfp8"), ("fp8", "bf16", "fp8"), ("Half", "fp8_e4m3", "fp16-kvfp8")],
)
def test_precision_names(query, cache, name):
    assert precision_name(query, cache) == name


def test_unknown_and_impossible_formats_say_what_is_allowed():
    with pytest.raises(InputError, match="bfloat16"):
        precision_name("bfloat8")
    with pytest.raises(InputError, match="int8 or int4"):
        precision_name("bf16", "fp16")


@pytest.mark.parametrize(
    ("framework", "source", "name"),
    [("", "", ""), ("VLLM", "", "vllm"), ("sglang", "flash_attention", "sglang"), ("sglang", "my_kernel", "sglang-my-kernel")],
)
def test_library_names(framework, source, name):
    assert library_name(framework, source) == name


def test_importing_the_table_reader_does_not_import_pandas():
    code = "import sys, narrowgauge.calibration.datasets.attention; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
