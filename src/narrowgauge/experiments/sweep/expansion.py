"""The points of a sweep as a table: a row per point, a column per parameter, in an order in which neighbours share work.

Texts are categories, numbers are floating point. The rightmost columns vary fastest: first what a machine is, then the sizes of
the request, then numbers of the specification.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.sweep.columns import RESULT_KINDS
from narrowgauge.experiments.sweep.document import Axis, Sample, Sweep
from narrowgauge.experiments.sweep.expression import Expression
from narrowgauge.experiments.sweep.machines import machine_numbers, structural
from narrowgauge.experiments.sweep.parameters import PARAMETERS
from narrowgauge.experiments.sweep.ranges import Interval
from narrowgauge.experiments.sweep.rates import expected_s, in_words

if TYPE_CHECKING:
    import pandas as pd

Column = npt.NDArray[Any]
MOST_POINTS = 10_000_000  # of one sweep: what fits into memory with its results


def count(sweep: Sweep) -> int:
    """Points before constraints."""
    if sweep.sample is not None:
        return sweep.sample.points
    return math.prod(len(axis.choices) for axis in sweep.axes if not isinstance(axis.choices, Interval))


def expand(sweep: Sweep) -> pd.DataFrame:
    """All points that meet the constraints. Raises InputError for a sweep that is too large, and for constraints that leave
    nothing, before anything is made that is large."""
    import pandas as pd

    _check_size(sweep)
    axes = sorted(sweep.axes, key=_speed)
    columns = _grid(axes) if sweep.sample is None else _drawn(axes, sweep.sample)
    frame = pd.DataFrame(columns)
    if sweep.sample is not None:
        frame = frame.drop_duplicates().sort_values(list(frame.columns), ignore_index=True)
    for name, expression in sweep.columns.items():
        if not expression.names & RESULT_KINDS.keys() and any(name in constraint.names for constraint in sweep.where):
            frame[name] = evaluated(expression, frame)
    kept = _kept(sweep.where, frame)
    return frame.loc[kept, [axis.name for axis in axes]].reset_index(drop=True)


def evaluated(expression: Expression, frame: pd.DataFrame) -> Column:
    """An expression over the rows of a table; a specification path that is no column is looked up in each row's machine."""
    columns = {name: _column(frame, name) for name in expression.names}
    return expression.over(columns, len(frame))


def _column(frame: pd.DataFrame, name: str) -> Column:
    if name not in frame:
        return machine_numbers(frame["machine"], name)
    column = frame[name]
    return np.asarray(column.astype(object) if str(column.dtype) in ("category", "str", "string") else column)


def _speed(axis: Axis) -> tuple[int, int, str]:
    """Texts and shape of the machine first, continuous numbers of the specification last."""
    order = list(PARAMETERS)
    if axis.is_override:
        return (1, 0, axis.name) if structural(axis.name) else (3, 0, axis.name)
    return (0 if PARAMETERS[axis.name].kind == "text" or axis.name == "tp" else 2, order.index(axis.name), "")


def _check_size(sweep: Sweep) -> None:
    points = count(sweep)
    if points <= MOST_POINTS:
        return
    sizes = {axis.name: len(axis.choices) for axis in sweep.axes if not isinstance(axis.choices, Interval)}
    factors = " × ".join(f"{name} {size}" for name, size in sizes.items() if size > 1) or "sample"
    requests = points / math.prod(sizes.get(name, 1) for name in sweep.paths if not structural(name))
    raise InputError(
        [
            Problem(
                sweep.label,
                f"{points:,} points ({factors}), allowed: {MOST_POINTS:,}; they would take about "
                f"{in_words(expected_s(requests, points))} on one core. Draw some of them instead, "
                "sample: {latin_hypercube: 10000, seed: 1}, or give ranges fewer values",
            )
        ]
    )


def _grid(axes: Iterable[Axis]) -> dict[str, Any]:
    axes = list(axes)
    sizes = [len(axis.choices) for axis in axes if not isinstance(axis.choices, Interval)]
    index = np.arange(math.prod(sizes))
    columns: dict[str, Any] = {}
    inner = len(index)
    for axis, size in zip(axes, sizes, strict=True):
        inner //= size
        columns[axis.name] = _taken(axis, (index // inner) % size)
    return columns


def _drawn(axes: Iterable[Axis], sample: Sample) -> dict[str, Any]:
    """Every parameter of more than one value is a dimension of the unit cube in which points are drawn."""
    axes = list(axes)
    free = [axis for axis in axes if isinstance(axis.choices, Interval) or len(axis.choices) > 1]
    if sample.method == "random" or not free:
        cube = np.random.default_rng(sample.seed).random((sample.points, len(free)))
    else:
        from scipy.stats import qmc

        cube = qmc.LatinHypercube(len(free), rng=np.random.default_rng(sample.seed)).random(sample.points)
    share = {axis.name: cube[:, i] for i, axis in enumerate(free)}
    columns: dict[str, Any] = {}
    for axis in axes:
        where = share.get(axis.name, np.zeros(sample.points))
        if isinstance(axis.choices, Interval):
            drawn = axis.choices.at(where)
            columns[axis.name] = np.round(drawn) if axis.whole else drawn
        else:
            columns[axis.name] = _taken(axis, (where * len(axis.choices)).astype(np.intp))
    return columns


def _taken(axis: Axis, index: Column) -> Any:
    """The values of an axis at places of its list."""
    import pandas as pd

    if isinstance(axis.choices, Interval):
        raise TypeError(f"{axis.name} is an interval, which has no places")
    if axis.name in PARAMETERS and PARAMETERS[axis.name].kind == "text":
        return pd.Categorical.from_codes(index, categories=pd.Index(axis.choices))
    return np.array(axis.choices, float)[index]


def _kept(where: tuple[Expression, ...], frame: pd.DataFrame) -> Column:
    """Rows that meet all constraints; raises InputError with the fewest constraints that leave nothing."""
    masks = [np.asarray(evaluated(expression, frame), bool) for expression in where]
    kept = np.logical_and.reduce(masks) if masks else np.ones(len(frame), bool)
    if kept.any():
        return np.asarray(kept)
    guilty = list(_minimal(masks))
    texts = " and ".join(f"'{where[i].text}'" for i in guilty)
    alone = ", ".join(f"'{where[i].text}' alone leaves {masks[i].sum():,}" for i in guilty)
    verb = "exclude" if len(guilty) > 1 else "excludes"
    raise InputError([Problem("where", f"{texts} {verb} all {len(frame):,} points" + (f" ({alone})" if len(guilty) > 1 else ""))])


def _minimal(masks: list[Column]) -> Iterator[int]:
    """Positions of masks that together leave nothing, none of which could be spared."""
    needed = list(range(len(masks)))
    for candidate in range(len(masks)):
        others = [i for i in needed if i != candidate]
        if others and not np.logical_and.reduce([masks[i] for i in others]).any():
            needed = others
    yield from needed
