import numpy as np
import pytest

from narrowgauge.archmodels.components import Components
from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.archmodels.units.lmul import lmul, offset_exponent
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import parse_scheme


def test_the_offset_follows_the_mantissa() -> None:
    assert [offset_exponent(bits) for bits in (1, 2, 3, 4, 5, 7, 10)] == [1, 2, 3, 3, 4, 4, 4]


def test_a_product_by_hand() -> None:
    assert lmul(1.5, 1.25, 3) == 1 + 0.5 + 0.25 + 1 / 8
    assert lmul(-3.0, 2.5, 3) == -4 * (1 + 0.5 + 0.25 + 1 / 8)
    assert lmul(0.0, 7.0, 3) == 0.0


def test_no_product_is_off_by_more_than_a_quarter_and_the_offset_helps() -> None:
    """Without the dropped product of two mantissas near 2 a product is 3/4 of what it should be."""
    pairs = np.random.default_rng(0).uniform(1, 2, (2000, 2))
    errors = np.array([lmul(x, y, 7) / (x * y) - 1 for x, y in pairs])
    without = np.array([(x + y - 1) / (x * y) - 1 for x, y in pairs])
    assert np.abs(errors).max() <= 0.25
    assert abs(errors.mean()) < abs(without.mean())


def test_it_spends_an_addition_where_a_mac_spends_a_multiplication() -> None:
    bf16, parts = parse_scheme("bf16"), Components(45)
    saved = load_unit("mac-bf16-45nm").pj_per_mac(bf16) - load_unit("lmul-bf16").pj_per_mac(bf16)
    added = parts.adder(15) + parts.negator(1)
    assert saved == pytest.approx(parts.float_multiplier(7).energy_pj - added.energy_pj)


def test_integers_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="no int8 weights"):
        load_unit("lmul-bf16").macs_per_cycle(parse_scheme("w8a8"))
