"""Timings of the vendor's libraries among the records, as a data set that the fits of kernels are made from.

Rows with random operands count: operands of zero draw less power and run at a higher clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgauge.calibration.datasets import own
from narrowgauge.calibration.datasets.catalogue import DataSet
from narrowgauge.calibration.fitting import MINIMUM_ROWS
from narrowgauge.calibration.machine.board import ORIGIN, Board
from narrowgauge.calibration.machine.figures import Missing

if TYPE_CHECKING:
    import pandas as pd

GEMM, ATTENTION = "library-gemm", "library-attention"
_FAMILIES = ("gemm", "attention-prefill", "attention-decode")


@dataclass(frozen=True)
class LibraryRows(DataSet):
    """The rows of one board's records; they are in memory already, so that no folder is read."""

    board: Board = field(kw_only=True)

    def load(self, folder: Path) -> pd.DataFrame:
        """The rows under the columns of the calibration data sets."""
        return _frame(self.board)

    def sha256(self, folder: Path) -> str:
        """Hashes of the record files."""
        return " ".join(source.sha256 for source in self.board.sources)


def library_rows(board: Board) -> tuple[LibraryRows, ...]:
    """The data set of a board's library rows; none where no kernel and precision has rows enough for a fit."""
    enough = any(count >= MINIMUM_ROWS for count in _counts(board).values())
    file = ", ".join(source.name for source in board.sources)
    return (LibraryRows(file, board.hardware, _FAMILIES, ORIGIN, own.variants, board=board),) if enough else ()


def too_few(board: Board) -> Iterator[Missing]:
    """The kernels and precisions whose rows do not suffice for a fit."""
    for name, count in _counts(board).items():
        if count < MINIMUM_ROWS:
            yield Missing(name, f"{count} rows of the library, a fit needs {MINIMUM_ROWS}")


def _counts(board: Board) -> dict[str, int]:
    """Rows by kernel, precision and library."""
    frame = _frame(board)
    return {f"{family} {variant}": len(rows) for (family, variant), rows in own.variants(frame).items()} if len(frame) else {}


def _frame(board: Board) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {**record.axes, "framework": record.library.name, "latency_us": us.median}
        for bench in (GEMM, ATTENTION)
        for record in board.of(bench)
        if record.library and record.axes.get("data") == "random" and (us := record.elapsed_us)
    ]
    return pd.DataFrame(rows)
