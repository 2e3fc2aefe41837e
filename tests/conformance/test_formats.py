"""Does every registered number format keep the contract, and agree with ml_dtypes where that knows it?"""

from itertools import pairwise

import ml_dtypes
import numpy as np
import pytest

from narrowgauge.formats import FORMATS, BlockFormat, FloatFormat, MixtureFormat, NumberFormat
from narrowgauge.formats.rounding import decode, encode, quantize

LISTED_BITS = 16
ORACLE = {
    "fp8-e4m3": ml_dtypes.float8_e4m3fn,
    "fp8-e5m2": ml_dtypes.float8_e5m2,
    "fp6-e3m2": ml_dtypes.float6_e3m2fn,
    "fp6-e2m3": ml_dtypes.float6_e2m3fn,
    "fp4-e2m1": ml_dtypes.float4_e2m1fn,
    "e8m0": ml_dtypes.float8_e8m0fnu,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
}
LISTED = [fmt for fmt in FORMATS.values() if fmt.bits <= LISTED_BITS]
CODED = [fmt for fmt in LISTED if not isinstance(fmt, MixtureFormat | BlockFormat)]


def name(fmt: NumberFormat) -> str:
    return fmt.name


def probes(fmt: NumberFormat) -> np.ndarray:
    """Every value, every midpoint, and their neighbours in float32: where rounding can go wrong."""
    values = np.array(fmt.values())
    points = np.concatenate([values, (values[1:] + values[:-1]) / 2]).astype(np.float32)
    return np.unique(
        np.concatenate([points, np.nextafter(points, np.float32(np.inf)), np.nextafter(points, np.float32(-np.inf))])
    )


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=name)
def test_registered_under_its_own_name(fmt: NumberFormat) -> None:
    assert FORMATS[fmt.name] is fmt


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=name)
def test_costs_are_positive_and_storage_covers_the_code(fmt: NumberFormat) -> None:
    assert fmt.serial_steps >= 1
    assert fmt.storage_bits >= fmt.bits >= 1


@pytest.mark.parametrize("fmt", LISTED, ids=name)
def test_values_ascend_and_end_at_max(fmt: NumberFormat) -> None:
    values = fmt.values()
    assert all(low < high for low, high in pairwise(values))
    assert values[-1] == fmt.max


@pytest.mark.parametrize("fmt", CODED, ids=name)
def test_values_round_to_themselves(fmt: NumberFormat) -> None:
    np.testing.assert_array_equal(quantize(fmt.values(), fmt), fmt.values())


@pytest.mark.parametrize("fmt", [f for f in CODED if f.bits <= 8], ids=name)
def test_rounding_finds_the_nearest_value(fmt: NumberFormat) -> None:
    x, values = probes(fmt).astype(np.float64), np.array(fmt.values())
    best = np.min(np.abs(x[:, None] - values[None, :]), axis=1)
    np.testing.assert_array_equal(np.abs(quantize(x, fmt) - x), best)


@pytest.mark.parametrize("fmt", CODED, ids=name)
def test_codes_round_trip(fmt: NumberFormat) -> None:
    np.testing.assert_array_equal(decode(encode(fmt.values(), fmt), fmt), fmt.values())


@pytest.mark.parametrize("fmt", CODED, ids=name)
def test_rounding_saturates(fmt: NumberFormat) -> None:
    assert quantize(np.inf, fmt) == fmt.max
    assert quantize(-np.inf, fmt) == fmt.values()[0]


@pytest.mark.parametrize("fmt", CODED, ids=name)
def test_nan_stays_nan(fmt: NumberFormat) -> None:
    assert np.isnan(quantize(np.nan, fmt))


@pytest.mark.parametrize("fmt", [FORMATS[key] for key in ORACLE], ids=name)
def test_every_code_decodes_as_in_ml_dtypes(fmt: FloatFormat) -> None:
    codes = np.arange(1 << fmt.bits)
    stored = np.uint16 if fmt.bits > 8 else np.uint8
    with np.errstate(invalid="ignore"):  # signalling NaNs
        expected = codes.astype(stored).view(ORACLE[fmt.name]).astype(np.float64)
    np.testing.assert_array_equal(decode(codes, fmt), expected)


@pytest.mark.parametrize("fmt", [FORMATS[key] for key in ORACLE], ids=name)
def test_rounding_agrees_with_ml_dtypes_within_range(fmt: FloatFormat) -> None:
    rng = np.random.default_rng(0)
    spread = rng.standard_normal(20_000) * np.exp2(rng.integers(-12, 12, 20_000))
    x = np.concatenate([probes(fmt).astype(np.float64), spread])
    x = np.clip(x, fmt.values()[0], fmt.max).astype(np.float32)
    x = x[(np.abs(x) >= np.finfo(np.float32).tiny) | fmt.subnormals]  # ml_dtypes rounds float32 subnormals to E8M0 upwards
    np.testing.assert_array_equal(quantize(x, fmt), x.astype(ORACLE[fmt.name]).astype(np.float64))
