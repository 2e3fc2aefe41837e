"""Do the published originals come under the columns that the importers read?"""

from pathlib import Path

import pandas as pd
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.calibration.datasets import attention, elementwise, gemm
from narrowgauge.calibration.datasets.originals import machine_of, normalised
from narrowgauge.calibration.datasets.originals_read import read
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError
from narrowgauge.experiments.price import price_table
from narrowgauge.experiments.tables import read_table

SAMPLES = Path(__file__).with_name("samples")
GEMM = SAMPLES / "systems/data/h100_sxm/mixed/1.0/gemm_perf.txt"
GEMM_A100 = SAMPLES / "systems/data/a100_sxm/trtllm/1.0.0/gemm_perf.txt"
PREFILL = SAMPLES / "systems/data/h100_sxm/trtllm/1.0.0/context_attention_perf.txt"
DECODE = SAMPLES / "systems/data/h100_sxm/vllm/0.14.0/generation_attention_perf.txt"
VIDUR = SAMPLES / "profiling/compute/a100/microsoft/phi-2/mlp.csv"
ALL = (GEMM, GEMM_A100, PREFILL, DECODE, VIDUR)


def test_gemms_of_aiconfigurator() -> None:
    found = normalised(read(GEMM))
    assert found["framework"].tolist() == ["trtllm", "sglang", "vllm"]
    assert found["scheme"].tolist() == ["bf16", "fp8-block128", "fp8-dynamic"]
    assert found["latency_us"].tolist() == pytest.approx([56.7, 25.1, 21.4])
    assert found["power_w"].iloc[0] == 523.4 and found["power_limit_w"].iloc[0] == 700.0
    assert not {"gemm_dtype", "latency", "power"} & set(found)
    assert set(gemm.variants(found)) == {
        ("gemm", Variant("bf16", "trtllm")),
        ("gemm", Variant("fp8-block128", "sglang")),
        ("gemm", Variant("fp8-dynamic", "vllm")),
    }


def test_low_bit_gemms_of_the_tensorrt_plugins() -> None:
    assert normalised(read(GEMM_A100))["scheme"].tolist() == ["w4a16", "w8a16", "w8a8-int8"]


def test_attention_of_aiconfigurator_ran_in_bfloat16_where_it_says_float16() -> None:
    prefill, decode = normalised(read(PREFILL)), normalised(read(DECODE))
    assert prefill[["attn_dtype", "kv_cache_dtype", "latency_us"]].to_numpy().tolist() == [
        ["bfloat16", "fp8", pytest.approx(120.7)]
    ]
    assert set(attention.variants(prefill)) == {("attention-prefill", Variant("bf16-kvfp8", "trtllm"))}
    assert set(attention.variants(decode)) == {("attention-decode", Variant("bf16", "vllm"))}


def test_vidur_becomes_one_row_per_operation() -> None:
    found = normalised(read(VIDUR))
    assert found["op"].tolist() == ["mlp_act", "mlp_act", "add"]  # no projection, no operation that was not timed
    assert found["median_us"].tolist() == [123.0, 126.0, 78.0]
    assert found["min_us"].iloc[0] == 121.0 and found["mean_us"].iloc[0] == 124.6
    assert not [name for name in found if name.startswith("time_stats")]
    rows = elementwise.variants(found)["elementwise", Variant("gelu", "torch")]
    assert rows[["rows", "width", "latency_us"]].to_numpy().tolist() == [[4096, 10240, 123.0], [4064, 5120, 126.0]]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_text_and_parquet_are_the_same_table(path: Path, tmp_path: Path) -> None:
    read(path).to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(normalised(read(tmp_path / "t.parquet")), normalised(read(path)))


def test_our_own_columns_stay_as_they_are() -> None:
    frame = pd.DataFrame({"m": [1], "n": [2], "k": [3], "scheme": ["bf16"], "latency": [0.1]})
    assert normalised(frame) is frame
    converted = normalised(read(GEMM))
    assert normalised(converted) is converted


def test_unknown_formats_are_named_together() -> None:
    frame = read(DECODE).assign(attn_dtype="int3", kv_cache_dtype="int8", op_name="encoder_attention", latency="fast")
    with pytest.raises(InputError) as caught:
        normalised(frame)
    assert {p.where for p in caught.value.problems} == {"attn_dtype", "kv_cache_dtype", "op_name", "latency"}
    with pytest.raises(InputError, match="gemm_dtype: unknown 'fp8_blok' in 3 of 3 rows; did you mean 'fp8_block'"):
        normalised(read(GEMM).assign(gemm_dtype="fp8_blok"))


def test_a_profile_without_elementwise_operations_is_refused() -> None:
    with pytest.raises(InputError, match=r"vidur profile without columns .*mlp\.csv has them"):
        normalised(pd.DataFrame({"time_stats.attn_decode.median": [0.1], "num_tokens": [1], "n_embd": [2]}))


@pytest.mark.parametrize(
    ("columns", "path", "expected"),
    [
        ({"device": ["NVIDIA A100-SXM4-80GB"]}, "h100_sxm/gemm_perf.txt", "a100-sxm-80gb"),
        ({"device": ["NVIDIA GeForce RTX 4090"]}, "gemm_perf.txt", "rtx-4090"),
        ({"device": ["NVIDIA A40"]}, "h100_sxm/gemm_perf.txt", None),
        ({"device": ["NVIDIA H200", "NVIDIA L40S"]}, "gemm_perf.txt", None),
        ({"machine": ["H100_SXM"]}, "a100/t.csv", "h100-sxm"),
        ({"machine": ["h100-sxm", "l40s"]}, "t.csv", None),
        ({}, "data/h200_sxm/sglang/0.5/gemm_perf.txt", "h200-sxm"),
        ({}, "compute/a100/meta-llama/Llama-2-7b-hf/mlp.csv", "a100-sxm-80gb"),
        ({}, "compute/a40/microsoft/phi-2/mlp.csv", None),
        ({}, "rtx-3090/mine.csv", "rtx-3090"),
    ],
)
def test_which_gpu_a_table_is_of(columns: dict[str, list[str]], path: str, expected: str | None) -> None:
    assert machine_of(pd.DataFrame(columns), Path(path)) == expected


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_originals_are_priced_as_they_are(path: Path) -> None:
    frame = read_table(path)
    priced = price_table(frame, load_machine("a100-sxm-80gb" if "a100" in str(path) else "h100-sxm"))
    assert priced["latency_us"].gt(0).all() and priced["error"].abs().lt(2).all(), priced["source"].unique()


def test_a_pointer_of_git_lfs_is_no_table(tmp_path: Path) -> None:
    for name in ("gemm_perf.txt", "gemm_perf.parquet"):
        (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ad847eb04c63\nsize 826723\n")
        for reader in (read, read_table):
            with pytest.raises(InputError, match="git lfs pull"):
                reader(tmp_path / name)
