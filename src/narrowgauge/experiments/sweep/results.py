"""The results in a folder as a table: parameters, quantities with their intervals, what binds, why a point has no result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.sweep.columns import DEPENDS, KEY, QUANTITIES, SETTING
from narrowgauge.experiments.sweep.expansion import evaluated
from narrowgauge.experiments.sweep.expression import parse
from narrowgauge.experiments.sweep.parameters import WHOLE
from narrowgauge.experiments.sweep.store import MANIFEST, Store

if TYPE_CHECKING:
    import pandas as pd

#: in the attributes of the table: lines about shards that could not be read
NOTES = "notes"


def read_results(folder: str | Path) -> pd.DataFrame:
    """Every point that is finished and up to date, in the order of its parameters, with the columns that the last sweep derives.
    `attrs["notes"]` says which shards could not be read. Raises InputError for a folder without results."""
    store = Store(Path(folder))
    if not (store.folder / MANIFEST).is_file():
        raise InputError([Problem(str(folder), f"holds no sweep (no {MANIFEST}); `narrowgauge sweep FILE -o DIR` makes one")])
    manifest = store.read_manifest()
    scan = store.scan()
    frame = store.frame(scan, manifest["settings"])
    if frame.empty:
        hint = "; ".join(scan.notes) or "`narrowgauge sweep FILE -o DIR` computes them"
        raise InputError([Problem(str(folder), f"holds no finished point that is up to date: {hint}")])
    parameters = [name for name in frame.columns if name not in (KEY, SETTING, DEPENDS)]
    frame = _tidy(frame[parameters])
    frame = frame.sort_values(parameters[: parameters.index(next(iter(QUANTITIES)))], ignore_index=True)
    for name, column in _derived(frame, manifest["runs"]).items():
        frame[name] = column
    frame.attrs[NOTES] = scan.notes
    return frame


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Sizes as whole numbers, texts in alphabetical order."""
    texts = frame.select_dtypes("category").columns
    ordered = {name: frame[name].cat.reorder_categories(sorted(frame[name].cat.categories)) for name in texts}
    return frame.assign(**ordered).astype(dict.fromkeys(WHOLE, np.int64))


def _derived(frame: pd.DataFrame, runs: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Derived columns of the last run, one after the other; a row without results has NaN there."""
    known = frame.copy(deep=False)
    found: dict[str, Any] = {}
    for name, text in (runs[-1]["columns"] if runs else {}).items():
        known[name] = found[name] = np.array(evaluated(parse(text), known), float)
    return found
