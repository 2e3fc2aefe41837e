"""Do the records derive what their standards publish?"""

from fractions import Fraction

import pytest

from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import FORMATS, FloatFormat, MixtureFormat

PUBLISHED_FLOATS = [  # name, max, smallest normal, smallest positive: OCP 8-bit v1.0, OCP MX v1.0, IEEE 754
    ("fp8-e4m3", 448.0, 2.0**-6, 2.0**-9),
    ("fp8-e5m2", 57344.0, 2.0**-14, 2.0**-16),
    ("fp6-e3m2", 28.0, 0.25, 0.0625),
    ("fp6-e2m3", 7.5, 1.0, 0.125),
    ("fp4-e2m1", 6.0, 1.0, 0.5),
    ("e8m0", 2.0**127, 2.0**-127, 2.0**-127),
    ("fp16", 65504.0, 2.0**-14, 2.0**-24),
    ("bf16", 3.3895313892515355e38, 2.0**-126, 2.0**-133),
    ("fp32", 3.4028234663852886e38, 2.0**-126, 2.0**-149),
]


@pytest.mark.parametrize(("name", "largest", "normal", "positive"), PUBLISHED_FLOATS)
def test_float_limits_are_the_published_ones(name: str, largest: float, normal: float, positive: float) -> None:
    fmt = FORMATS[name]
    assert isinstance(fmt, FloatFormat)
    assert (fmt.max, fmt.min_normal, fmt.min_positive) == (largest, normal, positive)


def test_fp4_has_the_published_values() -> None:
    assert FORMATS["fp4-e2m1"].values() == (-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6)


@pytest.mark.parametrize(
    ("name", "bits"),
    [("mxfp8", Fraction(33, 4)), ("mxfp6", Fraction(25, 4)), ("mxfp4", Fraction(17, 4)), ("nvfp4", Fraction(9, 2)), ("tf32", 32)],
)
def test_storage_bits_count_the_block_scale(name: str, bits: Fraction) -> None:
    assert FORMATS[name].storage_bits == bits


def test_emax_of_mx_elements_is_that_of_the_standard() -> None:
    elements = {"fp8-e4m3": 8, "fp8-e5m2": 15, "fp6-e3m2": 4, "fp6-e2m3": 2, "fp4-e2m1": 2}
    formats = {name: FORMATS[name] for name in elements}
    assert {name: fmt.emax for name, fmt in formats.items() if isinstance(fmt, FloatFormat)} == elements


def test_a_block_scale_costs_storage_and_no_serial_step() -> None:
    assert FORMATS["mxfp4"].serial_steps == FORMATS["fp4-e2m1"].serial_steps
    assert FORMATS["mxfp4"].storage_bits > FORMATS["fp4-e2m1"].storage_bits


def test_bitmod_fp3_replaces_negative_zero_by_one_special_value() -> None:
    fmt = FORMATS["bitmod-fp3"]
    assert isinstance(fmt, MixtureFormat)
    specials = [set(member.entries) - {-4, -2, -1, 0, 1, 2, 4} for member in fmt.members]
    assert specials == [{3}, {-3}, {6}, {-6}]
    assert (fmt.bits, fmt.selector_bits) == (3, 2)


def test_bipolar_integers_are_odd_and_have_no_zero() -> None:
    assert FORMATS["bipolar-int2"].values() == (-3, -1, 1, 3)


def test_wide_formats_refuse_to_be_listed() -> None:
    with pytest.raises(UnsupportedError, match="fp32 has 2\\^32 codes"):
        FORMATS["fp32"].values()


def test_a_mixture_refuses_to_decode_without_its_selector() -> None:
    with pytest.raises(UnsupportedError, match="selector"):
        FORMATS["bitmod-fp3"].decode(0)
