"""Questions to a table of results: which rows, in which order, against what, and which no other row beats.

Every verb takes a table and returns a new one. A column may be named by any beginning that no other column has, interval ends
aside: `energy` for `energy_per_output_token_j`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from narrowgauge.archmodels.schema import rules
from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.sweep.columns import HIGH, LOW, QUANTITIES, RESULT_KINDS
from narrowgauge.experiments.sweep.document import parameter_kinds
from narrowgauge.experiments.sweep.expansion import evaluated
from narrowgauge.experiments.sweep.expression import ValueKind, parse
from narrowgauge.experiments.sweep.names import closest
from narrowgauge.experiments.sweep.parameters import PARAMETERS

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
RATIO = "_ratio"
MAXIMISE = "max:"
#: columns of which more is better; a leading `max:` says so of any other
MORE_IS_BETTER = frozenset({"output_tokens_per_s"})


def where(frame: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows that meet a condition over columns; specification paths that are no column are looked up in the row's machine."""
    return frame[_truth(frame, condition)].reset_index(drop=True)


def _truth(frame: pd.DataFrame, condition: str) -> npt.NDArray[np.bool_]:
    expression = parse(condition)
    faults = expression.faults(_kinds(frame), ValueKind.TRUTH)
    if faults:
        raise InputError(Problem(f"'{condition}'", fault) for fault in faults)
    return np.asarray(evaluated(expression, frame), bool)


def _kinds(frame: pd.DataFrame) -> dict[str, ValueKind]:
    texts = {name for name, kind in {**parameter_kinds(), **RESULT_KINDS}.items() if kind is ValueKind.TEXT}
    own = {name: ValueKind.TEXT if name in texts else ValueKind.NUMBER for name in frame.columns}
    return own | (dict.fromkeys(rules(), ValueKind.NUMBER) if "machine" in frame else {})


def column_of(frame: pd.DataFrame, name: str) -> str:
    """The column that a name or the beginning of one means; raises InputError if none does or several do."""
    if name in frame:
        return name
    found = [column for column in frame.columns if column.startswith(name) and not column.endswith((LOW, HIGH))]
    if len(found) == 1:
        return str(found[0])
    what = f"may be {', '.join(found)}" if found else closest(name, frame.columns, f"columns: {', '.join(frame.columns)}")
    raise InputError([Problem(f"column '{name}'", "is ambiguous, " + what if found else "is not there, " + what)])


def sort(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The rows in ascending order of columns, descending where the name has a `-` in front; rows without a number come last."""
    names = [column_of(frame, name.removeprefix("-")) for name in columns]
    return frame.sort_values(names, ascending=[not name.startswith("-") for name in columns], ignore_index=True, kind="stable")


def pivot(frame: pd.DataFrame, row: str, column: str, value: str) -> pd.DataFrame:
    """A table of `value` by two parameters. Raises InputError if a cell has several points, with what else varies in it."""
    row, column, value = (column_of(frame, name) for name in (row, column, value))
    if len({row, column, value}) < 3:  # noqa: PLR2004 - all three differ
        raise InputError(f"a pivot needs three different columns, given {row}, {column}, {value}")
    if frame.duplicated([row, column]).any():
        others = [name for name in varying(frame) if name not in (row, column)]
        also = ", ".join(f"{name} ({len(frame[name].unique())} values)" for name in others) or "nothing that has a name"
        raise InputError(f"several points in one cell of {row} × {column}: {also} varies too; choose with --where")
    made = frame.astype(dict.fromkeys([name for name in (row, column) if frame[name].dtype == "category"], object))
    return made.pivot(index=row, columns=column, values=value)  # noqa: PD010 - one value per cell


def varying(frame: pd.DataFrame) -> list[str]:
    """Parameters and specification paths that have more than one value."""
    names = [name for name in frame.columns if name in PARAMETERS or name in rules()]
    return [name for name in names if len(frame[name].unique()) > 1]


def baseline(frame: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The table with a column `…_ratio` for each quantity: its value over that of the row which meets the condition and agrees in
    all other parameters (or over the one row that meets it). NaN where there is no such row."""
    import pandas as pd

    chosen = _truth(frame, condition)
    base = frame[chosen]
    named = parse(condition).names
    shared = [name for name in varying(frame) if name not in named]
    if base.empty:
        raise InputError(f"no row meets the baseline '{condition}'")
    if len(base) == 1:
        reference = base.iloc[[0] * len(frame)]
    else:
        if not shared or base.duplicated(shared).any():
            others = [name for name in varying(base) if name in named]
            raise InputError(f"the baseline '{condition}' has several rows for one point; they differ in {', '.join(others)}")
        keys = frame[shared].astype(dict.fromkeys(shared, object))
        table = base.astype(dict.fromkeys(shared, object)).set_index(shared)
        reference = table.reindex(pd.MultiIndex.from_frame(keys) if len(shared) > 1 else keys[shared[0]])
    made = frame.copy()
    for name in QUANTITIES:
        with np.errstate(divide="ignore", invalid="ignore"):
            made[f"{name}{RATIO}"] = frame[name].to_numpy(float) / reference[name].to_numpy(float)
    return made


def pareto(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The rows that no other row beats: none is as good in every column and better in one. Less is better, except in
    `MORE_IS_BETTER` and behind `max:`. Rows without a number are left out; equal rows stay together."""
    signed = _signed(frame, _directions(frame, columns))
    return frame[_front(signed)].reset_index(drop=True)


def near_ties(frame: pd.DataFrame, columns: Iterable[str]) -> int:
    """Rows beside the front which may belong to it: taken at the good ends of their intervals, no row of the front beats them."""
    directions = _directions(frame, columns)
    signed = _signed(frame, directions)
    front = _front(signed)
    beside = ~front & ~np.isnan(signed).any(axis=1)
    hopeful = _signed(frame, directions, hopeful=True)[beside]
    left = np.ones(len(hopeful), bool)
    for point in np.unique(signed[front], axis=0):
        left[left] = ~_beaten(hopeful[left], point)
    return int(left.sum())


def _directions(frame: pd.DataFrame, columns: Iterable[str]) -> dict[str, float]:
    """1 where less is better, -1 where more is, by column."""
    found: dict[str, float] = {}
    for name in columns:
        column = column_of(frame, name.removeprefix(MAXIMISE))
        if not np.issubdtype(np.asarray(frame[column]).dtype, np.number):
            raise InputError([Problem(f"column '{column}'", "holds no numbers")])
        found[column] = -1.0 if name.startswith(MAXIMISE) or column in MORE_IS_BETTER else 1.0
    if not found:
        raise InputError("a Pareto front needs at least one column")
    return found


def _signed(frame: pd.DataFrame, directions: dict[str, float], hopeful: bool = False) -> Floats:
    """One row per point, less is better in every column; `hopeful` takes the better end of each interval."""
    parts: list[Any] = []
    for column, sign in directions.items():
        end = column + (LOW if sign > 0 else HIGH)
        parts.append(sign * frame[end if hopeful and end in frame else column].to_numpy(float))
    return np.stack(parts, axis=1)


def _beaten(points: Floats, by: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray((points >= by).all(axis=1) & (points > by).any(axis=1))


def _front(points: Floats) -> npt.NDArray[np.bool_]:
    """Which points no other one beats. In lexical order nothing behind a point beats it, so what is left behind the ones already
    taken is on the front."""
    front = np.zeros(len(points), bool)
    left = np.flatnonzero(~np.isnan(points).any(axis=1))
    left = left[np.lexsort(points[left].T[::-1])]
    while len(left):
        best = points[left[0]]
        equal = (points[left] == best).all(axis=1)
        front[left[equal]] = True
        left = left[~equal & ~_beaten(points[left], best)]
    return front
