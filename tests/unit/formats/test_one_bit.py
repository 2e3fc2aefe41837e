import pytest

from narrowgauge.errors import InputError
from narrowgauge.formats import FORMATS, parse_scheme


def test_weights_of_one_bit_are_plus_and_minus_one() -> None:
    scheme = parse_scheme("w1a8")
    assert scheme.weight.format is FORMATS["binary"]
    assert scheme.weight_bits == 1
    assert parse_scheme("w1a16-g128").weight_bits == 1 + 16 / 128


def test_they_have_no_zero_point_to_leave_out() -> None:
    with pytest.raises(InputError, match="weights are binary"):
        parse_scheme("w1a16-sym")
