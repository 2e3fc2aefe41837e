"""Do blocks, mixtures and codes round as their definitions say?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.errors import InputError
from narrowgauge.formats import FORMATS
from narrowgauge.formats.rounding import encode, quantize


def test_mx_scale_is_the_floor_power_of_two_of_the_largest_magnitude() -> None:
    block = np.zeros(32)
    block[:3] = [7.0, 1.3, 0.3]  # amax 7 -> scale 2^(2 - 2) = 1, and 7 saturates at 6
    np.testing.assert_array_equal(quantize(block, FORMATS["mxfp4"])[:3], [6.0, 1.5, 0.5])


def test_nvfp4_keeps_the_largest_magnitude_of_a_tensor() -> None:
    block = np.linspace(-3.0, 5.0, 16)
    assert quantize(block, FORMATS["nvfp4"])[-1] == pytest.approx(5.0, rel=1e-12)


@pytest.mark.parametrize("name", ["mxfp4", "mxfp8", "mxint8", "nvfp4"])
def test_a_block_of_zeros_stays_zero(name: str) -> None:
    assert not quantize(np.zeros((2, 64)), FORMATS[name]).any()


def test_a_partial_block_is_refused() -> None:
    with pytest.raises(InputError, match="multiple of 32"):
        quantize(np.zeros(40), FORMATS["mxfp4"])


def test_a_mixture_picks_the_member_with_the_least_error() -> None:
    np.testing.assert_array_equal(quantize([[6.0, 1.0], [-6.0, 1.0]], FORMATS["bitmod-fp3"]), [[6.0, 1.0], [-6.0, 1.0]])


def test_nan_has_no_code() -> None:
    with pytest.raises(InputError, match="NaN"):
        encode([1.0, np.nan], FORMATS["int8"])


@given(st.floats(-448, 448), st.floats(-448, 448))
def test_rounding_is_monotone(a: float, b: float) -> None:
    low, high = quantize(sorted((a, b)), FORMATS["fp8-e4m3"])
    assert low <= high


ORDINARY = st.floats(-1e6, 1e6).map(lambda value: value if abs(value) > 1e-20 else 0.0)  # the scale does not saturate


@given(st.lists(ORDINARY, min_size=32, max_size=32))
def test_mx_error_is_at_most_a_quarter_of_the_largest_magnitude(values: list[float]) -> None:
    x = np.array(values)
    amax = float(np.max(np.abs(x)))
    # the floor rule leaves amax / scale below 8 where the elements reach 6, so the top loses less than a quarter
    assert np.all(np.abs(quantize(x, FORMATS["mxfp4"]) - x) <= amax / 4)
