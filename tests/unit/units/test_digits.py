import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.archmodels.units.digits import signed_digits, terms
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import FORMATS


def test_small_numbers_by_hand() -> None:
    assert [signed_digits(value) for value in (0, 1, -2, 3, 5, 6, 7, 11, 0.75, -85)] == [0, 1, 1, 2, 2, 2, 2, 3, 2, 4]


@given(st.integers(1, 2**12))
def test_no_sum_of_fewer_signed_powers_exists_for_the_value_next_to_a_power(exponent_and_rest: int) -> None:
    assert signed_digits(2 * exponent_and_rest) == signed_digits(exponent_and_rest)
    assert abs(signed_digits(exponent_and_rest) - signed_digits(exponent_and_rest + 1)) <= 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("int8", 4), ("int6", 3), ("int5", 3), ("int4", 2), ("int3", 2), ("bitmod-fp4", 2), ("bitmod-fp3", 2), ("mxfp4", 2)],
)
def test_terms_of_published_formats(name: str, expected: int) -> None:
    """BitMoD, arXiv 2411.11745, section IV: Booth terms of integers, two terms of its FP3 and FP4."""
    assert terms(FORMATS[name]) == expected


def test_a_table_of_arbitrary_values_has_no_terms() -> None:
    with pytest.raises(UnsupportedError, match="no sum of powers of two"):
        terms(FORMATS["nf4"])
