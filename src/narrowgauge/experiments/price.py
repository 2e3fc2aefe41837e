"""`price`: a table of kernels in, the same table with latency, energy, power and their reasons out.

Rows keep their order, columns their place. Columns of the input that bear the name of a result are measurements and are kept
as `measured_*`; `error` is then predicted / measured − 1. A row that cannot be priced has no number, and `source` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from narrowgauge.archmodels import Hardware, PimMachine
from narrowgauge.calibration.calibrated import Priced
from narrowgauge.calibration.datasets.elementwise import LATENCY
from narrowgauge.calibration.datasets.originals_read import normalised
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError, NarrowgaugeError
from narrowgauge.experiments.fidelity import Fidelity, price_at
from narrowgauge.experiments.price_kinds import KINDS, kinds_of_rows, lacking_columns
from narrowgauge.experiments.price_rows import ERROR, RowProblems, numbers
from narrowgauge.experiments.price_variants import READERS

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]

#: columns that pricing appends, in this order
RESULTS = ("latency_us", "latency_us_low", "latency_us_high", "energy_mj", "power_w", "bound_by", "source")
NUMERIC = RESULTS[:5]
MEASURED = "measured_"
DEVIATION = "error"
CHUNK = 100_000  # rows priced at once: bounds the memory that features of the residual take
EVENT_CHUNK = 16  # each takes a tenth of a second; progress should show
PIM_CHUNK = 256  # likewise, where shapes do not repeat


def price_table(
    frame: pd.DataFrame,
    machine: Hardware,
    physics_only: bool = False,
    progress: Progress | None = None,
    fidelity: Fidelity = Fidelity.ANALYTIC,
) -> pd.DataFrame:
    """The table with the columns of `RESULTS` appended; a published original is brought under our columns first. `progress` is
    called with rows done and rows in all.

    Raises InputError for a table in which no row can be told to be a kernel; a single bad row is marked in `source`."""
    if frame.empty:
        raise InputError("the table has no rows")
    frame = normalised(frame)
    chunk = PIM_CHUNK if isinstance(machine, PimMachine) else EVENT_CHUNK if fidelity is Fidelity.EVENT else CHUNK
    columns = {name: _blank(name, len(frame)) for name in RESULTS}
    problems = RowProblems(len(frame))
    done = 0
    for family, variant, group in kernel_groups(frame, problems):
        for start in range(0, len(group), chunk):
            part = group.iloc[start : start + chunk]
            prices = partial(price_at, fidelity, machine, family, variant, physics_only=physics_only)
            _price_part(prices, part, columns, problems)
            done += len(part)
            if progress is not None:
                progress(done, len(frame))
    columns["source"] = np.where(problems.bad, problems.texts(), columns["source"])
    return _appended(frame, columns)


def kernel_groups(frame: pd.DataFrame, problems: RowProblems) -> Iterator[tuple[str, Variant, pd.DataFrame]]:
    """The good rows of a normalised table by family and variant, indexed by position; the others are noted in `problems`."""
    kinds = kinds_of_rows(frame, problems)
    for index, read in enumerate(READERS):
        rows = np.flatnonzero(kinds == index)
        lacking = lacking_columns(frame, KINDS[index])
        if lacking:
            problems.add(rows, lacking)
        for (family, variant), group in (read(frame, rows, problems) if len(rows) and not lacking else {}).items():
            yield family, variant, group


def bad_rows(priced: pd.DataFrame) -> dict[str, npt.NDArray[np.intp]]:
    """Positions of the rows without a price, by what is wrong with them."""
    source = priced["source"].to_numpy(object)
    bad = np.flatnonzero([str(words).startswith(ERROR) for words in source])
    reasons = np.array([str(words).removeprefix(ERROR) for words in source[bad]], dtype=object)
    return {str(reason): bad[reasons == reason] for reason in dict.fromkeys(reasons)}


def _blank(name: str, rows: int) -> npt.NDArray[Any]:
    return np.full(rows, np.nan) if name in NUMERIC else np.full(rows, "", dtype=object)


def _price_part(
    prices: Callable[[Mapping[str, npt.NDArray[Any]]], Priced],
    part: pd.DataFrame,
    columns: dict[str, npt.NDArray[Any]],
    problems: RowProblems,
) -> None:
    """Fill the result columns at the positions that index `part`, or note why the machine refuses all of them."""
    rows = part.index.to_numpy()
    shapes = {str(name): part[name].to_numpy(float) for name in part.columns}
    try:
        priced = prices(shapes)
    except NarrowgaugeError as reason:
        problems.add(rows, str(reason))
        return
    for field in fields(priced):
        if field.name in NUMERIC:
            columns[field.name][rows] = getattr(priced, field.name)
        elif field.name in RESULTS:
            words, which = np.unique(np.asarray(getattr(priced, field.name), str), return_inverse=True)
            columns[field.name][rows] = words.astype(object)[which]  # one string object per distinct word


def _appended(frame: pd.DataFrame, columns: dict[str, npt.NDArray[Any]]) -> pd.DataFrame:
    """The input without what an earlier pricing appended, its measurements renamed, and the new columns at the end."""
    import pandas as pd

    earlier = set(RESULTS) <= set(frame.columns)
    kept = frame.drop(columns=[*RESULTS, DEVIATION], errors="ignore") if earlier else frame
    reserved = (*RESULTS, DEVIATION)
    kept = kept.rename(columns={name: MEASURED + name for name in reserved if name in kept})
    added = pd.DataFrame(columns, index=frame.index)
    name = next((name for name in (MEASURED + LATENCY[0], *LATENCY[1:]) if name in kept), None)
    if name is not None:
        measured, _ = numbers(kept, name)
        with np.errstate(divide="ignore", invalid="ignore"):
            deviation = columns["latency_us"] / measured - 1.0
        added[DEVIATION] = np.where(measured > 0, deviation, np.nan)
    return pd.concat([kept, added], axis=1)
