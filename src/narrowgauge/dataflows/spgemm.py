"""Sparse times sparse by rows: partial products that go through memory, or that are merged by a hash in a scratchpad.

SMASH on PIUMA (row-wise products, atomic hashing in scratchpads). A row of C is the sum of rows of B, one for each non-zero of
the row of A; places of non-zeros are taken to be uniform.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from narrowgauge.errors import InputError, Problem

ENTRY_BYTES = 12  # an index of four bytes, a value of eight


@dataclass(frozen=True)
class SparseSquare:
    """C = A · A of `rows` × `rows` with `per_row` non-zeros in a row. Raises InputError for numbers below 1 or too many."""

    rows: int
    per_row: int

    def __post_init__(self) -> None:
        if self.rows < 1 or not 1 <= self.per_row <= self.rows:
            raise InputError(
                [Problem("per_row", f"given {self.per_row} of {self.rows}, allowed: 1 to the number of rows, 1 or more")]
            )

    @property
    def partials(self) -> int:
        """Products of one row before merging."""
        return self.per_row**2

    @property
    def merged(self) -> float:
        """Expected non-zeros of one row of C."""
        return self.rows * (1.0 - math.exp(-self.partials / self.rows))

    def merged_bytes(self) -> float:
        """Memory traffic with merging in the scratchpad: A, the rows of B and C once."""
        return self.rows * ENTRY_BYTES * (self.per_row + self.partials + self.merged)

    def spilled_bytes(self) -> float:
        """Memory traffic where partial products are written, sorted and read: the same, and each of them out and in again."""
        return self.merged_bytes() + 2.0 * self.rows * ENTRY_BYTES * self.partials
