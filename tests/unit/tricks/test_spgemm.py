"""Sparse times sparse by rows."""

import pytest

from narrowgauge.dataflows.spgemm import ENTRY_BYTES, SparseSquare
from narrowgauge.errors import InputError


def test_traffic_of_a_diagonal_matrix_by_hand() -> None:
    """Each row of A, of B and of C has one entry."""
    square = SparseSquare(10**6, 1)
    assert square.merged_bytes() == pytest.approx(3e6 * ENTRY_BYTES, rel=1e-5)
    assert square.spilled_bytes() == pytest.approx(5e6 * ENTRY_BYTES, rel=1e-5)


def test_a_row_of_the_result_cannot_be_longer_than_the_matrix() -> None:
    assert SparseSquare(64, 64).merged <= 64


def test_impossible_matrices_are_an_input_error() -> None:
    with pytest.raises(InputError, match="per_row"):
        SparseSquare(4, 5)
