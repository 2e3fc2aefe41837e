"""A user's table of measured kernels: the columns that `price` reads, a latency, and a column `machine`.

Kinds may be mixed in one table: a row is of each kind whose shape columns it fills. Fits need whole, positive dimensions, so a
row that `price` would mark is an error here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from narrowgauge.calibration.datasets import attention, elementwise, gemm
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

ORIGIN = "user table"
#: what `price` appends: a table with these holds predictions under `latency_us`
PRICED = frozenset({"latency_us_low", "latency_us_high", "bound_by"})
ROWS_NAMED = 3


@dataclass(frozen=True)
class Kind:
    """One kind of row: its families, the columns that it fills, where its latency stands, and its importer."""

    families: tuple[str, ...]
    required: tuple[str, ...]
    latency: tuple[str, ...]
    read: Callable[[pd.DataFrame], dict[tuple[str, Variant], pd.DataFrame]]


KINDS = (
    Kind(("gemm",), ("m", "n", "k"), ("latency_us",), gemm.variants),
    Kind(
        ("attention-prefill", "attention-decode"),
        ("batch_size", "isl", "num_heads", "num_key_value_heads", "head_dim"),
        ("latency_us",),
        attention.variants,
    ),
    Kind(("elementwise",), ("num_tokens", "n_embd", "op"), elementwise.LATENCY, elementwise.variants),
)


def families(columns: Collection[str]) -> tuple[str, ...]:
    """Families whose measured rows a table with these columns can hold; none if it is no table of measurements."""
    if set(columns) >= PRICED:
        return ()
    return tuple(family for kind in _kinds(columns) for family in kind.families)


def variants(frame: pd.DataFrame) -> dict[tuple[str, Variant], pd.DataFrame]:
    """The rows by family and variant. Raises InputError with every dimension that is not a whole number from 1."""
    problems: list[Problem] = []
    found: dict[tuple[str, Variant], pd.DataFrame] = {}
    filled = [(kind, frame[frame[list(kind.required)].notna().all(axis=1)]) for kind in _kinds(frame.columns)]
    for kind, rows in filled:
        for name in (name for name in kind.required if name != "op"):
            problems += _faults(rows[name])
        problems += _faults(rows[next(name for name in kind.latency if name in rows)], whole=False)
    if problems:
        raise InputError(problems)
    for kind, rows in filled:
        if len(rows):
            found |= kind.read(rows.infer_objects())
    return found


def _kinds(columns: Collection[str]) -> list[Kind]:
    have = set(columns)
    return [kind for kind in KINDS if have.issuperset(kind.required) and have.intersection(kind.latency)]


def _faults(column: pd.Series[float], whole: bool = True) -> list[Problem]:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    bad = ~((numbers > 0) & (numbers < float("inf")) & ((numbers % 1 == 0) | (not whole)))
    if not bad.any():
        return []
    where = ", ".join(str(row + 1) for row in column.index[bad][:ROWS_NAMED])
    allowed = "whole numbers from 1" if whole else "microseconds above 0"
    what = f"'{column[bad].iloc[0]}' and the like cannot be fitted (rows {where}, {int(bad.sum())} in all), allowed: {allowed}"
    return [Problem(str(column.name), what)]
