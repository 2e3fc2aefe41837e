"""Tables as their authors published them: read from a file, brought under the columns that the importers read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgauge.calibration.datasets import originals_aiconfigurator as aiconfigurator
from narrowgauge.calibration.datasets import originals_vidur as vidur
from narrowgauge.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

PARQUET = ".parquet"
TEXT = (".csv", ".txt")
_POINTER = b"version https://git-lfs.github.com/spec/"
POINTER = "is a Git LFS pointer, not the table itself; fetch it with `git lfs pull`"


def normalised(frame: pd.DataFrame) -> pd.DataFrame:
    """A published original under our columns; any other table as it is. Raises InputError with every unknown format in it."""
    if aiconfigurator.recognises(frame.columns):
        return aiconfigurator.convert(frame)
    return vidur.convert(frame) if vidur.recognises(frame.columns) else frame


def is_pointer(path: Path) -> bool:
    """Whether a file only says where Git's large-file storage keeps the table."""
    try:
        with path.open("rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:  # whoever reads the table says why it cannot be read
        return False


def read(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A whole table, or some of its columns, from Parquet or from CSV (`.csv`, `.txt`). Raises InputError for what is no
    table."""
    import pandas as pd

    try:
        if is_pointer(path):
            raise InputError([Problem(str(path), POINTER)])
        if path.suffix.lower() == PARQUET:
            table: pd.DataFrame = pd.read_parquet(path, columns=None if columns is None else list(columns))
            return table
        return pd.read_csv(path, usecols=None if columns is None else list(columns), low_memory=False)
    except (OSError, ValueError) as error:  # pyarrow's and pandas' errors are ValueErrors
        kind = "Parquet" if path.suffix.lower() == PARQUET else "CSV"
        line = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError([Problem(str(path), f"not a readable {kind} file: {line}")]) from error


def columns_of(path: Path) -> tuple[str, ...]:
    """Names of a table's columns; none for what is no table."""
    import pandas as pd

    try:
        if path.suffix.lower() == PARQUET:
            from pyarrow import parquet

            return tuple(str(name) for name in parquet.read_schema(path).names)
        return tuple(str(name) for name in pd.read_csv(path, nrows=0).columns)
    except (OSError, ValueError):
        return ()
