"""Rows of a sweep as questions: which rows compare machines and schemes like for like, and what a row would be asked as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from narrowgauge.archmodels import Machine
from narrowgauge.archmodels.schema import rules
from narrowgauge.errors import NarrowgaugeError
from narrowgauge.experiments.predict_request import Request, check_gpu
from narrowgauge.experiments.sweep.columns import ERROR
from narrowgauge.experiments.sweep.machines import machine_of
from narrowgauge.experiments.sweep.queries import varying

if TYPE_CHECKING:
    import pandas as pd

SIDES = ("machine", "scheme")


def priced(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that have a result."""
    return frame[frame[ERROR].astype(str) == ""]


def alike(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A row for each machine and scheme that differ in nothing else, and what all of them have in common of what varies.

    Of all such groups the one with most rows, the middle one of those."""
    rows = priced(frame)
    others = [name for name in varying(frame) if name not in SIDES]
    if not others or rows.empty:
        return rows, {}
    group = rows.groupby(others, observed=True, dropna=False, sort=True).ngroup()
    sizes = group.value_counts().sort_index()
    largest = sizes.index[sizes == sizes.max()]
    chosen = rows[group == largest[len(largest) // 2]]
    return chosen.sort_values(list(SIDES)), {name: chosen[name].iloc[0] for name in others}


def held(frame: pd.DataFrame, fixed: dict[str, Any], free: str) -> pd.DataFrame:
    """The rows with a result that have those values, except for the parameter `free`."""
    rows = priced(frame)
    for name, value in fixed.items():
        if name != free:
            rows = rows[rows[name].isna() if value != value else rows[name] == value]
    return rows


def in_words(fixed: dict[str, Any]) -> str:
    """`batch 8, input 1024`."""
    return ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in fixed.items())


def request_of(row: pd.Series[Any]) -> Request | None:
    """The question of a row of results; None where the files that it names are no longer what they were."""
    changes = {str(path): float(row[path]) for path in row.index if path in rules() and row[path] == row[path]}
    try:
        machine = machine_of(str(row["machine"]))
        if isinstance(machine, Machine) and changes:
            machine = machine.with_(**changes)
        batch, input_tokens, output_tokens, tp = (int(row[name]) for name in ("batch", "input", "output", "tp"))
        model, scheme, framework, fidelity = (str(row[name]) for name in ("model", "scheme", "framework", "fidelity"))
        return check_gpu(model, machine, scheme, batch, input_tokens, output_tokens, tp, framework, fidelity, physics_only=False)
    except NarrowgaugeError:
        return None
