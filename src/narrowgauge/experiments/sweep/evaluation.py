"""The results of points: one row of columns per point, or the reason why it has none.

Points of one setting are priced together. A row of results has the same numbers, to the last bit, that `predict` gives for its
point; `evaluation_batch` says how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from narrowgauge.archmodels import Machine
from narrowgauge.errors import NarrowgaugeError
from narrowgauge.experiments.predict_calls import decode_calls, prefill_calls
from narrowgauge.experiments.predict_capacity import footprint, shortfall
from narrowgauge.experiments.sweep.columns import ERROR, NUMBERS, OWN_SHARE, RESULTS
from narrowgauge.experiments.sweep.evaluation_batch import Lowered, evaluate_alike
from narrowgauge.experiments.sweep.settings import SIZES, Setting, rows_by, settings_of

if TYPE_CHECKING:
    import pandas as pd

CAPACITY = "dram.capacity_gb"


def evaluate(points: pd.DataFrame) -> pd.DataFrame:
    """Results of every row of a table of points, in its order."""
    import pandas as pd

    columns = {name: np.full(len(points), np.nan) if name in (*NUMBERS, OWN_SHARE) else _texts(len(points)) for name in RESULTS}
    codes, settings = settings_of(points)
    for setting, rows in zip(settings, rows_by(codes, len(settings)), strict=True):
        try:
            _evaluate_setting(setting, points, rows, columns)
        except NarrowgaugeError as reason:
            _fail(columns, rows, reason)
    return pd.DataFrame(columns, index=points.index)


def _texts(rows: int) -> Any:
    return np.full(rows, "", dtype=object)


def _fail(columns: dict[str, Any], rows: Any, reason: NarrowgaugeError) -> None:
    """The rows have no result; the first line says why."""
    columns[ERROR][rows] = str(reason).partition("\n")[0]


def _evaluate_setting(setting: Setting, points: pd.DataFrame, rows: Any, columns: dict[str, Any]) -> None:
    """Fill the result columns at `rows`. Raises NarrowgaugeError if the machine refuses all of them."""
    varied = {path: points[path].to_numpy(float)[rows] for path in setting.varied}
    on = setting.hardware()
    if varied:
        on = on.with_(**{path: float(column[0]) for path, column in varied.items()})
    sizes = points[list(SIZES)].iloc[rows]
    which = sizes.groupby(list(SIZES), sort=False).ngroup().to_numpy()
    alike: dict[Any, list[tuple[Lowered, Any]]] = {}
    for mine in rows_by(which, which.max() + 1):
        try:
            lowered, fitting = _lowered(setting, sizes.iloc[mine[0]], on, mine, varied.get(CAPACITY), columns[ERROR], rows)
        except NarrowgaugeError as reason:
            _fail(columns, rows[mine], reason)
            continue
        if lowered is not None:
            alike.setdefault(lowered.signature, []).append((lowered, fitting))
    for group in alike.values():
        places = np.concatenate([mine for _, mine in group])
        requests = [lowered for lowered, _ in group]
        of = np.repeat(np.arange(len(group)), [len(mine) for _, mine in group])
        try:
            found = evaluate_alike(
                requests, of, requests[0].request.machine, {path: column[places] for path, column in varied.items()}
            )
        except NarrowgaugeError as reason:
            _fail(columns, rows[places], reason)
            continue
        for name, column in found.items():
            columns[name][rows[places]] = column


def _lowered(
    setting: Setting, sizes: pd.Series[Any], on: Any, mine: Any, capacity_gb: Any, errors: Any, rows: Any
) -> tuple[Lowered | None, Any]:
    """The calls of a request, and those of its points whose memory it fits into; the others get their reason."""
    request = setting.request(on, *(int(sizes[name]) for name in SIZES))
    needed = footprint(request)
    machine: Machine = request.machine
    available = np.full(len(mine), machine.resources.memory_gb) if capacity_gb is None else capacity_gb[mine]
    fits = needed.total_gb <= available
    for place in np.flatnonzero(~fits).tolist():
        errors[rows[mine[place]]] = shortfall(request, needed, float(available[place]))
    if not fits.any():
        return None, mine
    return Lowered(request, needed, tuple(prefill_calls(request)), tuple(decode_calls(request))), mine[fits]
