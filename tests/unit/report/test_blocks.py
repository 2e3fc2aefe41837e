"""Are cells what a reader expects, and sorted as the numbers that they are?"""

import numpy as np
import pytest

from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.report.blocks import Cell, Section, cell, percent, table


@pytest.mark.parametrize(
    ("value", "text", "order"),
    [
        (1234567, "1,234,567", 1234567.0),
        (np.int64(1024), "1,024", 1024.0),
        (0.012345, "0.0123", 0.012345),
        (float("nan"), "–", None),
        (None, "", None),
        ("name", "name", None),
        (True, "True", None),
        (Estimate(2.0, 1.0, 4.0), "2.00 (1.00 to 4.00)", 2.0),
    ],
)
def test_cells(value: object, text: str, order: float | None) -> None:
    assert cell(value) == Cell(text, order)


def test_percentages() -> None:
    assert percent(0.0423) == Cell("4.2 %", 0.0423)
    assert percent(float("nan")) == Cell("–")


def test_a_column_is_numeric_if_it_holds_numbers_and_gaps() -> None:
    made = table("caption", ("a", "b", "c"), [(1, "x", ""), (float("nan"), 2, "")])
    assert made.numeric == (True, False, False)


def test_an_anchor_is_fit_for_a_link() -> None:
    assert Section('What "limits" it?', ()).anchor == "what--limits--it-"
