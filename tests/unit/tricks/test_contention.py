"""Thread blocks that take turns on the pipes of an SM."""

import pytest

from narrowgauge.dataflows.contention import cycle_time


def test_one_customer_waits_for_nobody() -> None:
    assert cycle_time(1, (3.0, 5.0), delay=2.0) == 10.0


def test_two_customers_at_two_equal_pipes_by_hand() -> None:
    """Whoever arrives finds half a customer at either pipe."""
    assert cycle_time(2, (4.0, 4.0)) == pytest.approx(2 * 4.0 * 1.5)


def test_a_turn_lies_between_no_waiting_and_everybody_in_line() -> None:
    for customers in (2, 3, 8):
        turn = cycle_time(customers, (4.0, 1.0), delay=3.0)
        assert max(8.0, 4.0 * customers) <= turn <= 3.0 + 5.0 * customers


def test_nobody_with_anything_to_do_takes_no_time() -> None:
    assert cycle_time(2, (0.0, 0.0)) == 0.0
