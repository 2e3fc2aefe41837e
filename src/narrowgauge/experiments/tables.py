"""Tables as files: CSV or Parquet by the suffix of the name, read whole, written completely or not at all.

Published tables are read under their own name as well: CSV in a `.txt` file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgauge.calibration.datasets.originals_read import POINTER, is_pointer
from narrowgauge.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".parquet")
PUBLISHED = ".txt"


def suffix_of(path: Path) -> str:
    """`.csv` or `.parquet`; raises InputError for any other suffix."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError([Problem(str(path), f"the suffix '{path.suffix}' is no table; allowed: {', '.join(SUFFIXES)}")])
    return suffix


def read_table(path: Path) -> pd.DataFrame:
    """The table in a file. Whole numbers of a CSV stay whole next to empty cells. Raises InputError for what is no table."""
    suffix = path.suffix.lower() if path.suffix.lower() == PUBLISHED else suffix_of(path)
    if not path.is_file():
        raise InputError([Problem(str(path), "is a folder, not a file" if path.is_dir() else "no such file")])
    if is_pointer(path):
        raise InputError([Problem(str(path), POINTER)])
    frame = _read_parquet(path) if suffix == ".parquet" else _read_csv(path)
    frame.columns = frame.columns.astype(str)
    if not frame.columns.is_unique:
        twice = ", ".join(sorted(set(frame.columns[frame.columns.duplicated()])))
        raise InputError([Problem(str(path), f"columns that appear twice: {twice}")])
    return frame


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path, dtype_backend="numpy_nullable", low_memory=False)
    except pd.errors.EmptyDataError:
        raise InputError([Problem(str(path), "is empty, not even a header")]) from None
    except (OSError, ValueError) as error:  # ParserError and UnicodeDecodeError are ValueErrors
        raise InputError([Problem(str(path), f"cannot be read as CSV: {_first_line(error)}")]) from None


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow

    try:
        return pd.read_parquet(path)
    except (OSError, ValueError, KeyError, pyarrow.ArrowException) as error:
        what = "is truncated or no Parquet file" if isinstance(error, pyarrow.ArrowException | OSError) else "cannot be read"
        raise InputError([Problem(str(path), f"{what}: {_first_line(error)}")]) from None


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write CSV or Parquet by suffix. The file appears under its name when it is complete. Raises InputError if it cannot."""
    if suffix_of(path) == ".csv":
        _replace(path, lambda part: frame.to_csv(part, index=False))
    else:
        _replace(path, lambda part: frame.to_parquet(part))


def write_text(text: str, path: Path) -> None:
    """Write a text file; it appears under its name when it is complete. Raises InputError if it cannot."""
    _replace(path, lambda part: part.write_text(text, encoding="utf-8"))


def check_writable(path: Path) -> None:
    """Raise InputError, before the work is done rather than after it, if `path` has no folder or is one."""
    if path.is_dir():
        raise InputError([Problem(str(path), "is a folder, not a file")])
    if not path.parent.is_dir():
        raise InputError([Problem(str(path), f"there is no folder '{path.parent}' to write to")])


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    check_writable(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(path)
    except (OSError, ValueError, TypeError) as error:  # pyarrow refuses columns of mixed types with the latter two
        raise InputError([Problem(str(path), f"cannot be written: {_first_line(error)}")]) from None
    finally:
        part.unlink(missing_ok=True)


def _first_line(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
