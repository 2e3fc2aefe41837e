import numpy as np
import pytest

from narrowgauge.archmodels.units.lut_numerics import lookup_product, quantised, symmetric_tables
from narrowgauge.errors import InputError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_half_tables_and_bits_one_by_one_give_the_exact_product(bits: int, k: int) -> None:
    activations = RNG.integers(-128, 128, (3, 8)).astype(np.float64)
    codes = RNG.integers(0, 1 << bits, (5, 8))
    zero = 1.5
    product = lookup_product(symmetric_tables(activations, k), codes, bits, zero)
    assert np.array_equal(product, activations @ (codes - zero).T)


def test_a_table_holds_every_sum_of_signs_up_to_the_sign() -> None:
    (table,) = symmetric_tables(np.array([[1.0, 2.0, 4.0]]), 3)[0]
    assert sorted(table) == [1, 3, 5, 7]  # 4 ± 1 ± 2


def test_tables_of_eight_bits_lose_little() -> None:
    activations = RNG.standard_normal((16, 256))
    codes = RNG.integers(0, 4, (32, 256))
    tables = symmetric_tables(activations, 4)
    exact = lookup_product(tables, codes, 2, 1.5)
    rounded = lookup_product(quantised(tables), codes, 2, 1.5)
    error = np.linalg.norm(rounded - exact) / np.linalg.norm(exact)
    step = np.abs(tables).max() / 127  # no table rounds more coarsely than the one with the largest entry
    bound = step / np.sqrt(12) / np.sqrt(np.mean(tables**2))
    assert 0 < error < bound


def test_activations_that_fill_no_table_are_refused() -> None:
    with pytest.raises(InputError, match="does not divide 6"):
        symmetric_tables(np.zeros((1, 6)), 4)


def test_codes_and_tables_that_do_not_fit_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        lookup_product(np.zeros((1, 2, 4)), np.full((1, 8), 4), 2, 0.0)
    assert [problem.where for problem in caught.value.problems] == ["codes", "tables"]
