"""Which kernel a row of a price table describes: by its `op` where it has one, else by the columns that it fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from narrowgauge.calibration.datasets.elementwise import OPS
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.price_rows import RowProblems, text
from narrowgauge.registry import canonical

if TYPE_CHECKING:
    import pandas as pd

Rows = npt.NDArray[np.intp]
UNKNOWN = -1


@dataclass(frozen=True)
class TableKind:
    """A kind of kernel: the columns that each row must fill, and the names in `op` that stand for it."""

    name: str
    required: tuple[str, ...]
    ops: tuple[str, ...]
    inferable: bool = True


GEMM = TableKind("gemm", ("m", "n", "k"), ("gemm", "matmul", "linear"))
ATTENTION = TableKind(
    "attention",
    ("batch_size", "isl", "num_heads", "num_key_value_heads", "head_dim"),
    ("attention", "attention-prefill", "attention-decode", "prefill", "decode"),
)
ELEMENTWISE = TableKind("elementwise", ("op", "num_tokens", "n_embd"), tuple(OPS), inferable=False)
KINDS = (GEMM, ATTENTION, ELEMENTWISE)


def kinds_of_rows(frame: pd.DataFrame, problems: RowProblems) -> npt.NDArray[np.int8]:
    """Index into `KINDS` of every row, UNKNOWN where there is none (which is then one of `problems`).

    Raises InputError if no row can be told, with what each kind would need."""
    kinds = np.full(len(frame), UNKNOWN, np.int8)
    without_op = np.ones(len(frame), bool)
    if "op" in frame:
        ops = text(frame, "op")
        without_op = ops == ""
        for op in dict.fromkeys(ops[~without_op]):
            rows = ops == op
            kinds[rows] = _kind_of_op(op)
            if (kinds[rows] == UNKNOWN).all():
                allowed = [name.replace("-", "_") for kind in KINDS for name in kind.ops]
                problems.add(np.flatnonzero(rows), f"unknown op '{op}'; {nearest(canonical(op).replace('-', '_'), allowed)}")
    if without_op.any():
        kinds[without_op] = _inferred(frame, without_op)
        lost = np.flatnonzero(without_op & (kinds == UNKNOWN))
        problems.add(lost, "has no op, and fills the columns of no kernel: m, n, k for GEMM; batch_size, isl, … for attention")
    return kinds


def _kind_of_op(op: str) -> int:
    name = canonical(op)
    return next((index for index, kind in enumerate(KINDS) if name in kind.ops), UNKNOWN)


def _inferred(frame: pd.DataFrame, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """Kind of each of the rows by the columns in which it holds something; a single kind takes empty rows as well."""
    possible = [i for i, kind in enumerate(KINDS) if kind.inferable and all(name in frame for name in kind.required)]
    if not possible:
        if "op" in frame and not rows.all():
            return np.full(int(rows.sum()), UNKNOWN, np.int8)
        raise InputError([Problem("", missing_columns(frame))])
    kinds = np.full(int(rows.sum()), possible[0] if len(possible) == 1 else UNKNOWN, np.int8)
    if len(possible) > 1:
        for index in reversed(possible):
            filled = frame.loc[rows, list(KINDS[index].required)].notna().any(axis=1).to_numpy()
            kinds[filled] = index
    return kinds


def missing_columns(frame: pd.DataFrame) -> str:
    """What the table lacks, for the kind of kernel whose columns it has most of; for every kind if it has none of any."""
    have = [str(name) for name in frame.columns]
    shares = [sum(name in have for name in kind.required) / len(kind.required) for kind in KINDS]
    likely = [kind for kind, share in zip(KINDS, shares, strict=True) if share == max(shares)]
    wanted = [f"a table of {kind.name} needs {missing_clause(kind.required, have)}" for kind in likely]
    return "columns are missing: " + "; ".join(wanted) + f"; the table has {', '.join(have) or 'none'}"


def lacking_columns(frame: pd.DataFrame, kind: TableKind) -> str:
    """Which columns rows of the kind need and the table does not have; empty if none. An op that says decode needs no `isl`."""
    required = tuple(name for name in kind.required if name != "isl" or "op" not in frame)
    clause = missing_clause(required, [str(name) for name in frame.columns])
    return f"the table has no column {clause}" if clause else ""


def missing_clause(required: tuple[str, ...], have: list[str]) -> str:
    """The missing columns by name, each with the nearest one that the table has instead."""
    import difflib

    lower = {name.lower(): name for name in have if name not in required}
    parts = []
    for name in (name for name in required if name not in have):
        close: list[Any] = difflib.get_close_matches(name, lower, n=1, cutoff=0.6)
        parts.append(f"'{name}' (is it '{lower[close[0]]}'?)" if close else f"'{name}'")
    return ", ".join(parts)
