"""Checks of a table's cells, whole columns at a time: what is wrong with which row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

ERROR = "error: "
LARGEST = 2**31 - 1  # of one dimension: what kernels index with 32-bit integers
LARGEST_TENSOR = 2.0**40  # elements; no GPU holds a tensor of a tebibyte
LARGEST_WORK = 2.0**62  # multiply-accumulates; above, 64-bit integers overflow


class RowProblems:
    """What is wrong with rows of a table, by message; rows are positions counted from 0."""

    def __init__(self, rows: int) -> None:
        self.bad: Mask = np.zeros(rows, bool)
        self._found: dict[str, list[Rows]] = {}

    def add(self, rows: Rows, message: str) -> None:
        """Note that `message` is true of these rows."""
        if len(rows):
            self.bad[rows] = True
            self._found.setdefault(message, []).append(rows)

    def texts(self) -> npt.NDArray[Any]:
        """`error: …` of every row, joined where a row has several faults; empty where it has none."""
        texts = np.full(len(self.bad), "", dtype=object)
        for message, parts in self._found.items():
            rows = np.concatenate(parts)
            texts[rows] = [f"{before}; {message}" if before else f"{ERROR}{message}" for before in texts[rows]]
        return texts


def text(frame: pd.DataFrame, name: str) -> npt.NDArray[Any]:
    """A column as stripped strings, "" where it is empty or not there."""
    import pandas as pd

    if name not in frame:
        return np.full(len(frame), "", dtype=object)
    column = frame[name]
    if column.dtype == object:
        column = column.map(str, na_action="ignore")  # a cell may hold anything, lists included
    codes, values = pd.factorize(column)
    words = np.array([str(value).strip() for value in values] + [""], dtype=object)
    return np.asarray(words[codes])  # the code of an empty cell is -1, the last word


def numbers(frame: pd.DataFrame, name: str) -> tuple[Floats, Mask]:
    """A column as floating point, NaN where it is empty; and where it holds something that is no number."""
    import pandas as pd

    column = frame[name]
    if column.dtype in (object, "category") or pd.api.types.is_string_dtype(column):
        words = pd.Series(text(frame, name))
        values = pd.to_numeric(words, errors="coerce")
        return values.to_numpy(float), np.asarray(values.isna() & ~words.str.lower().isin(["", "nan"]))
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_complex_dtype(column):
        return np.full(len(frame), np.nan), np.asarray(column.notna())
    return column.to_numpy(float, na_value=np.nan), np.zeros(len(frame), bool)


def whole_numbers(
    frame: pd.DataFrame, name: str, rows: Rows, problems: RowProblems, low: int = 1, default: float | None = None
) -> Floats:
    """The column's cells in `rows`, `default` where they are empty; each that is no whole number from `low` to 2^31 − 1 is noted,
    and so is an empty one without a default."""
    if name not in frame:
        values, words = np.full(len(rows), np.nan), np.zeros(len(rows), bool)
    else:
        values, words = (column[rows] for column in numbers(frame, name))
    empty = np.isnan(values) & ~words
    allowed = f"allowed: whole numbers from {low} to {LARGEST}"
    faults = {
        f"{name} is not a number": words,
        f"{name} is missing": empty if default is None else np.zeros(len(rows), bool),
        f"{name} is infinite": np.isinf(values),
        f"{name} is zero": (values == 0) & (low > 0),
        f"{name} is negative": np.isfinite(values) & (values < 0),
        f"{name} is fractional": np.isfinite(values) & (values > 0) & (values != np.floor(values)),
        f"{name} is too large": np.isfinite(values) & (values > LARGEST),
    }
    for message, mask in faults.items():
        problems.add(rows[mask], f"{message}, {allowed}")
    return values if default is None else np.where(empty, default, values)


def bounded(rows: Rows, problems: RowProblems, largest: float, **products: Floats) -> None:
    """Note the rows without another fault in which a product of dimensions, named with `_x_` between them, is above `largest`."""
    for name, values in products.items():
        what = f"{name.replace('_x_', ' × ')} is above 2^{round(np.log2(largest))}"
        problems.add(rows[(values > largest) & ~problems.bad[rows]], f"{what}, more than any GPU can hold or count")
