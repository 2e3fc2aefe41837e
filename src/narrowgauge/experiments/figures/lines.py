"""How a quantity goes with a parameter of a sweep: a line with its interval for each scheme or machine, the rest held fixed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from narrowgauge.errors import InputError
from narrowgauge.experiments.figures.pareto import AXES
from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import MARKERS, PAPER, colours_of, legend_above, marker, panels
from narrowgauge.experiments.sweep.queries import column_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

HEIGHT_IN = 3.0
LINE, LABEL_SEPARATOR = "line", ", "
MOST_MARKERS = 12  # of a line; more of them hide it
MOST_LINES = 7  # more than so many cannot be told apart
WIDE_RANGE = 8.0  # a parameter that grows by more has a logarithmic axis


def lines(frame: pd.DataFrame, x: str, quantities: Sequence[str], by: Sequence[str], caption: str = "") -> Plot:
    """One panel per quantity over `x`, one line for each combination of the columns `by`, at most seven of them (the first).

    Raises InputError for columns that are not there, and where a line would have two points at one place."""
    x, shown = column_of(frame, x), [column_of(frame, name) for name in quantities]
    frame = frame[frame[shown].notna().all(axis=1)]
    names = frame[list(by)].astype(str).agg(LABEL_SEPARATOR.join, axis=1) if by else frame[x].map(lambda _: "all")
    kept = list(dict.fromkeys(names))[:MOST_LINES]
    data = frame.assign(**{LINE: names})[names.isin(kept)].sort_values([LINE, x])
    if data.duplicated([LINE, x]).any():
        raise InputError(f"a line over {x} needs one point per place: name what else varies in `by`, or hold it fixed")
    columns = [LINE, x, *(f"{name}{end}" for name in shown for end in ("", "_low", "_high"))]
    return Plot(
        name=f"lines-{x.replace('_', '-').replace('.', '-')}",
        title=f"How it goes with {x}",
        caption=f"{caption} Bands: nominal 90 % intervals.".strip(),
        data=data[columns].reset_index(drop=True),
        draw=partial(_draw, x, shown),
    )


def _draw(x: str, quantities: list[str], data: pd.DataFrame, width_in: float) -> Figure:
    names = list(dict.fromkeys(data[LINE]))
    colours = colours_of(names)
    shapes = dict(zip(names, MARKERS, strict=False))
    figure, axes = panels(len(quantities), width_in, HEIGHT_IN)
    for axis, quantity in zip(axes, quantities, strict=True):
        for name, rows in data.groupby(LINE, sort=False):
            colour = colours[str(name)]
            axis.fill_between(rows[x], rows[f"{quantity}_low"], rows[f"{quantity}_high"], color=colour, alpha=0.14, linewidth=0)
            look: dict[str, Any] = {"marker": shapes[str(name)], "markeredgecolor": PAPER, "markersize": 5.5}
            look["markevery"] = -(-len(rows) // MOST_MARKERS)
            axis.plot(rows[x], rows[quantity], color=colour, linewidth=1.5, **look)
        if data[x].min() > 0 and data[x].max() > WIDE_RANGE * data[x].min():
            axis.set_xscale("log", base=2)
            axis.xaxis.set_major_formatter("{x:g}")
        axis.set_ylim(0)
        axis.set(xlabel=x, ylabel=AXES.get(quantity, quantity))
        axis.grid(True)
    legend_above(figure, [marker(shapes[name], colours[name], name) for name in names], width_in, wide_columns=4)
    return figure
