"""What does `price_table` keep, append, infer and refuse?"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.errors import InputError
from narrowgauge.experiments.price import RESULTS, bad_rows, price_table
from narrowgauge.experiments.price_rows import RowProblems
from narrowgauge.experiments.price_variants import attention_rows

A100, H100 = load_machine("a100-sxm-80gb"), load_machine("h100-sxm")
DATA = Path(__file__).parents[4] / "shared" / "data"


def gemms(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"m": [16, 4096], "n": [4096, 4096], "k": [4096, 8192], **columns})


def decodes(**columns: object) -> pd.DataFrame:
    shape = {"batch_size": 8, "isl": 1, "step": 1024, "num_heads": 32, "num_key_value_heads": 8, "head_dim": 128}
    return pd.DataFrame({**shape, **columns}, index=[0])


def test_results_follow_the_input_columns() -> None:
    priced = price_table(gemms(note=["a", "b"]), A100)
    assert list(priced.columns) == ["m", "n", "k", "note", *RESULTS]


def test_row_order_and_index_are_kept() -> None:
    frame = gemms(scheme=["w4a16", "bf16"]).set_axis(["second", "first"])
    priced = price_table(frame, A100)
    pd.testing.assert_frame_equal(priced[list(frame.columns)], frame)


def test_a_price_does_not_depend_on_the_other_rows() -> None:
    frame = gemms(scheme=["w4a16", "bf16"])
    alone = price_table(frame.iloc[[1]], A100)
    together = price_table(frame, A100)
    assert alone["latency_us"].iloc[0] == pytest.approx(together["latency_us"].iloc[1], rel=1e-12)


def test_interval_surrounds_the_prediction() -> None:
    priced = price_table(gemms(), A100)
    assert (priced["latency_us_low"] < priced["latency_us"]).all()
    assert (priced["latency_us"] < priced["latency_us_high"]).all()


def test_power_is_energy_over_time() -> None:
    priced = price_table(gemms(), A100)
    np.testing.assert_allclose(priced["power_w"], priced["energy_mj"] / priced["latency_us"] * 1e3)


def test_measured_columns_are_kept_under_their_own_name() -> None:
    priced = price_table(gemms(latency_us=[10.0, 20.0], power_w=[300.0, 400.0]), A100)
    assert priced["measured_power_w"].tolist() == [300.0, 400.0]
    np.testing.assert_allclose(priced["error"], priced["latency_us"] / [10.0, 20.0] - 1.0)


def test_the_median_of_an_elementwise_profile_is_a_measurement() -> None:
    frame = pd.DataFrame({"op": ["add"], "num_tokens": [512], "n_embd": [4096], "median_us": [8.0]})
    priced = price_table(frame, A100)
    assert priced["error"].iloc[0] == pytest.approx(priced["latency_us"].iloc[0] / 8.0 - 1.0)


def test_a_measurement_of_zero_has_no_error() -> None:
    assert np.isnan(price_table(gemms(latency_us=[0.0, 20.0]), A100)["error"].iloc[0])


def test_pricing_an_output_again_replaces_the_prediction() -> None:
    once = price_table(gemms(latency_us=[10.0, 20.0]), A100)
    pd.testing.assert_frame_equal(price_table(once, A100), once)


@pytest.mark.parametrize("spelling", ["w8a8_int8", "w8a8-int8", "W8A8_INT8", "w8a8"])
def test_scheme_spellings_of_the_data_are_alike(spelling: str) -> None:
    one, other = (price_table(gemms(scheme=name), A100)["latency_us"] for name in (spelling, "w8a8-int8"))
    assert one.equals(other)


def test_an_empty_scheme_is_bf16() -> None:
    frame = gemms(scheme=[None, "bf16"])
    assert price_table(frame, A100)["latency_us"].equals(price_table(gemms(), A100)["latency_us"])


@pytest.mark.parametrize(("isl", "step", "family"), [(1, 1024, "attention-decode"), (512, 0, "attention-prefill")])
def test_isl_tells_decode_from_prefill(isl: int, step: int, family: str) -> None:
    ((found, _),) = attention_rows(decodes(isl=isl, step=step), np.array([0]), RowProblems(1))
    assert found == family


def test_the_kv_format_may_come_from_a_scheme() -> None:
    by_scheme = price_table(decodes(scheme="w4a16-kvfp8"), H100)["latency_us"]
    by_name = price_table(decodes(attn_dtype="fp16", kv_cache_dtype="fp8"), H100)["latency_us"]
    assert by_scheme.equals(by_name)


def test_a_mixed_table_prices_each_row_as_its_op_says() -> None:
    norm = pd.DataFrame({"op": ["input_layernorm"], "num_tokens": [64], "n_embd": [4096]})
    mixed = pd.concat([gemms(op="gemm"), decodes(op="attention_decode"), norm], ignore_index=True)
    separate = [price_table(part, A100)["latency_us"] for part in (gemms(), decodes(), norm)]
    np.testing.assert_allclose(price_table(mixed, A100)["latency_us"], pd.concat(separate))


def test_a_mixed_table_without_op_is_told_by_the_filled_columns() -> None:
    mixed = pd.concat([gemms(), decodes()], ignore_index=True)
    assert price_table(mixed, A100)["latency_us"].notna().all()


def test_decode_needs_no_isl_where_op_says_so() -> None:
    assert price_table(decodes(op="decode").drop(columns="isl"), A100)["latency_us"].notna().all()


def test_physics_alone_says_so() -> None:
    assert not price_table(gemms(), A100, physics_only=True)["source"].str.contains("residual").any()


def test_a_scheme_that_the_gpu_lacks_is_refused_with_the_reason() -> None:
    priced = price_table(gemms(scheme=["fp8_dynamic", "bf16"]), A100)
    (reason,) = bad_rows(priced)
    assert "needs an fp8 operand" in reason
    assert np.isnan(priced["latency_us"].iloc[0]) and priced["latency_us"].iloc[1] > 0


def test_progress_reaches_the_number_of_rows() -> None:
    seen: list[tuple[int, int]] = []
    price_table(gemms(scheme=["w4a16", "bf16"]), A100, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_the_input_is_not_changed() -> None:
    frame = gemms(latency_us=[1.0, 2.0])
    before = frame.copy(deep=True)
    price_table(frame, A100)
    pd.testing.assert_frame_equal(frame, before)


def test_an_empty_table_is_an_error() -> None:
    with pytest.raises(InputError, match="no rows"):
        price_table(gemms().iloc[:0], A100)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"m": [1], "n": [1], "kk": [1]}, r"gemm needs 'k' \(is it 'kk'\?\)"),
        ({"batch": [1], "isl": [1], "num_heads": [1]}, r"attention needs 'batch_size' \(is it 'batch'\?\)"),
        ({"x": [1]}, "gemm needs 'm', 'n', 'k'; a table of attention needs"),
    ],
)
def test_missing_columns_are_named_with_the_nearest(columns: dict[str, list[int]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        price_table(pd.DataFrame(columns), A100)


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    [
        "gemm_a100_sxm",
        "gemm_h100_sxm",
        "gemm_power_h200_sxm",
        "attention_prefill_a100_sxm",
        "attention_prefill_h100_sxm",
        "attention_decode_a100_sxm",
        "attention_decode_h100_sxm",
        "elementwise_a100_h100_a40",
    ],
)
def test_published_tables_are_taken_as_they_are(name: str) -> None:
    path = DATA / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"measured data are not at {DATA}")
    frame = pd.read_parquet(path).iloc[::50]
    priced = price_table(frame, H100 if "h100_sxm" in name or "h200" in name else A100)
    assert bad_rows(priced) == {}
    assert priced["error"].abs().mean() < 1.0
