import pytest

from narrowgauge.archmodels.units.fpga_mac import mac_luts, multiplier_luts, products_per_dsp
from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.formats import FORMATS


def test_narrow_products_are_their_truth_table_and_wide_ones_rows() -> None:
    assert multiplier_luts(3, 3) == 6
    assert multiplier_luts(4, 4) == 2 * 5
    assert multiplier_luts(8, 4) == multiplier_luts(4, 8) == 2 * 9


def test_an_integer_mac_is_a_product_and_an_addition() -> None:
    assert mac_luts(FORMATS["int8"], FORMATS["int8"], 1024) == 4 * 9 + 8 + 8 + 10


def test_a_minifloat_mac_by_hand() -> None:
    """E2M1: significands of 2 bit, exponents 0 to 2, so five distances; a sum of 4 + 4 + 10 + 1 bits."""
    assert mac_luts(FORMATS["fp4-e2m1"], FORMATS["fp4-e2m1"], 1024) == 4 + 3 + 2 * 19 + 19


@pytest.mark.parametrize(("weight", "activation"), [("int4", "fp4-e2m1"), ("nf4", "nf4")])
def test_other_pairs_are_refused(weight: str, activation: str) -> None:
    with pytest.raises(UnsupportedError, match="both must be integers, or both floats"):
        mac_luts(FORMATS[weight], FORMATS[activation], 1)


def test_a_sum_has_at_least_one_term() -> None:
    with pytest.raises(InputError, match="terms: given 0"):
        mac_luts(FORMATS["int8"], FORMATS["int8"], 0)


@pytest.mark.parametrize(("bits", "products"), [(8, 2), (4, 4), (16, 1), (18, 1), (28, 0)])
def test_products_of_a_dsp48e2(bits: int, products: int) -> None:
    """AMD WP486 and WP521: two products of 8 bit, four of 4 bit."""
    assert products_per_dsp(bits, bits) == products


def test_operands_of_two_widths_change_places() -> None:
    assert products_per_dsp(4, 8) == products_per_dsp(8, 4)


def test_every_width_that_is_too_small_is_named() -> None:
    with pytest.raises(InputError) as caught:
        products_per_dsp(0, 8, -1)
    assert [problem.where for problem in caught.value.problems] == ["weight_bits", "guard_bits"]
