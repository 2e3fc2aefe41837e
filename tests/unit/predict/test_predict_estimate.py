"""Intervals and their sums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.experiments.predict_estimate import Estimate, independent

positive = st.floats(0.1, 1e6)
estimates = st.tuples(positive, st.floats(0.1, 1.0), st.floats(1.0, 5.0)).map(lambda t: Estimate(t[0], t[0] * t[1], t[0] * t[2]))


def test_numbers_that_are_wrong_together_add_their_ends() -> None:
    assert Estimate(10, 8, 13) + Estimate(20, 16, 26) == Estimate(30, 24, 39)


def test_independent_numbers_add_their_distances_as_squares() -> None:
    assert independent([Estimate(10, 7, 13), Estimate(10, 6, 14)]) == Estimate(20, 15, 25)


def test_a_reciprocal_swaps_its_ends() -> None:
    assert Estimate(4, 2, 8).inverse(16) == Estimate(4, 2, 8)


def test_an_interval_becomes_as_wide_as_whole_models_were_off() -> None:
    wide = Estimate(100, 90, 150).at_least(-0.2, 0.1)
    assert wide.low == pytest.approx(81.87, abs=0.01)
    assert wide.high == 150


def test_no_further_error_changes_nothing() -> None:
    assert Estimate(100, 90, 110).at_least(0.0, 0.0) == Estimate(100, 90, 110)


@given(st.lists(estimates, min_size=1, max_size=6))
def test_a_sum_lies_within_its_interval_and_the_interval_above_zero(parts: list[Estimate]) -> None:
    total = independent(parts)
    assert 0 < total.low <= total.value <= total.high
    assert total.value == pytest.approx(sum(part.value for part in parts))


@given(st.lists(estimates, min_size=1, max_size=6))
def test_independent_errors_never_add_up_to_more_than_common_ones(parts: list[Estimate]) -> None:
    total = independent(parts)
    assert total.high <= sum(part.high for part in parts) * (1 + 1e-9)
