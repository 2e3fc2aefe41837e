"""Which values does a range stand for?"""

import pytest

from narrowgauge.errors import InputError
from narrowgauge.experiments.sweep.ranges import Interval, read_values


@pytest.mark.parametrize(
    ("raw", "whole", "values"),
    [
        (8, True, (8,)),
        ([3, 1, 3], True, (3, 1)),
        ({"powers_of_two": [1, 256]}, True, (1, 2, 4, 8, 16, 32, 64, 128, 256)),
        ({"powers_of_two": [3, 9]}, True, (4, 8)),
        ({"powers_of_two": [0.25, 1]}, False, (0.25, 0.5, 1)),
        ({"range": [1, 4]}, True, (1, 2, 3, 4)),
        ({"range": [0.1, 0.5, 0.1]}, False, (0.1, 0.2, 0.30000000000000004, 0.4, 0.5)),
        ({"linear": [0, 10, 5]}, False, (0, 2.5, 5, 7.5, 10)),
        ({"linear": [1, 4, 7]}, True, (1, 2, 3, 4)),
        ({"linear": [5, 5, 1]}, False, (5,)),
        ({"log": [1, 1000, 4]}, False, (1, 10, 100, 1000)),
        ({"log": [2, 8]}, False, Interval(2, 8, True)),
    ],
)
def test_rules(raw, whole, values):
    found = read_values(raw, whole)
    if isinstance(found, Interval):
        assert found == values
    else:
        assert found == pytest.approx(values, rel=1e-14)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([], "empty list"),
        ({"powers_of_two": [256, 1]}, "empty range"),
        ({"powers_of_two": [5, 7]}, "no power of two"),
        ({"powers_of_two": [0, 7]}, "above 0"),
        ({"range": [5, 1]}, "empty range"),
        ({"range": [1, 5, 0]}, "step 0"),
        ({"range": [1, 1e12]}, "sample instead"),
        ({"linear": [1]}, "write"),
        ({"linear": [1, 2, 2.5]}, "whole number"),
        ({"log": [0, 2, 5]}, "above 0"),
        ({"log": [1, "x", 5]}, "no list of numbers"),
        ({"rang": [1, 2, 5]}, "did you mean"),
        ({"log": [1, 2, 5], "linear": [1, 2, 3]}, "must be one rule"),
        ([1, [2]], "inside a list"),
    ],
)
def test_what_is_no_range_is_said(raw, words):
    with pytest.raises(InputError, match=words):
        read_values(raw, False)


def test_an_interval_reaches_both_ends():
    assert Interval(2, 32, True).at(0.5) == 8
    assert [Interval(2, 32, False).at(share) for share in (0.0, 1.0)] == [2, 32]
