"""Which points no other beats: two quantities of a sweep, all points, the front, and the intervals of the front's points."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import INK, MARKERS, PAPER, colours_of, legend_above, marker, panels, plain_logarithmic
from narrowgauge.experiments.sweep.queries import column_of, near_ties, varying
from narrowgauge.experiments.sweep.queries import pareto as front_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT_IN = 4.4
MOST_INTERVALS = 14  # more than so many crosses hide the front
ON_FRONT = "on_front"
AXES = {
    "ttft_ms": "first token, ms",
    "tpot_ms": "each further token, ms",
    "latency_ms": "time until the last token, ms",
    "output_tokens_per_s": "output tokens/s",
    "energy_per_output_token_j": "energy per output token, J (assumed)",
    "power_w": "mean power, W (assumed)",
    "memory_gb": "memory, GB",
}
GROUPS = ("scheme", "machine", "model", "tp", "framework")


def pareto(frame: pd.DataFrame, x: str, y: str, group: str | None = None) -> Plot:
    """The rows of a sweep's results by two of their quantities, with their front and its intervals. `group` is the column that
    colours tell apart (None: the scheme, or what else varies).

    Raises InputError for columns that are not there."""
    x, y = column_of(frame, x), column_of(frame, y)
    apart = group or group_of(frame)
    drawn = frame[frame[[x, y]].notna().all(axis=1)]
    front = front_of(drawn.assign(_place=drawn.index), [x, y])["_place"]
    ends = [f"{name}{end}" for name in (x, y) for end in ("_low", "_high") if f"{name}{end}" in frame]
    columns = list(dict.fromkeys([*varying(frame), apart, x, y, *ends]))
    ties = near_ties(drawn, [x, y])
    return Plot(
        name=f"pareto-{x.replace('_', '-')}-{y.replace('_', '-')}",
        title=f"{AXES.get(x, x).partition(',')[0].capitalize()} against {AXES.get(y, y).partition(',')[0]}",
        caption=(
            f"{len(drawn):,} points, {len(front):,} on the front; {ties:,} more may be on it, taken at the good ends of their "
            "intervals. Crosses: intervals of the front's points."
        ),
        data=drawn[columns].assign(**{ON_FRONT: drawn.index.isin(front)}),
        draw=partial(_draw, x, y, apart),
    )


def group_of(frame: pd.DataFrame) -> str:
    """What colours tell apart: the first of scheme, machine, model, … that varies."""
    found = varying(frame)
    return next((name for name in GROUPS if name in found), GROUPS[0])


def _draw(x: str, y: str, group: str, data: pd.DataFrame, width_in: float) -> Figure:
    figure, (axis,) = panels(1, width_in, HEIGHT_IN)
    names = sorted(data[group].astype(str).unique())
    colours = colours_of(names)
    labels = data[group].astype(str)
    sparse = len(data) < 2000  # noqa: PLR2004 - where single points can be seen
    rows = data.sample(frac=1.0, random_state=0)  # so that no group hides another
    shades = labels.loc[rows.index].map(colours).tolist()
    look: dict[str, Any] = {"s": 16.0, "alpha": 0.6} if sparse else {"s": 3.0, "rasterized": True, "antialiased": False}
    axis.scatter(rows[x], rows[y], c=shades, linewidths=0, **look)
    front = data[data[ON_FRONT]].sort_values([x, y])
    _intervals(axis, front, x, y)
    axis.plot(front[x], front[y], color=INK, linewidth=1.0, zorder=3)
    shapes = {name: MARKERS[place % len(MARKERS)] for place, name in enumerate(names)}
    for name, rows in front.groupby(front[group].astype(str), sort=False):
        look = {"color": colours[str(name)], "edgecolors": PAPER, "linewidths": 0.8}
        axis.scatter(rows[x], rows[y], s=46, marker=shapes[str(name)], zorder=4, **look)
    axis.set(xscale="log", yscale="log", xlabel=AXES.get(x, x), ylabel=AXES.get(y, y))
    axis.margins(0.04)
    plain_logarithmic(axis.xaxis, width_in)
    plain_logarithmic(axis.yaxis, HEIGHT_IN)
    axis.grid(True)
    legend_above(figure, [marker(shapes[name], colours[name], f"{name}") for name in names], width_in, wide_columns=5)
    return figure


def _intervals(axis: Axes, front: pd.DataFrame, x: str, y: str) -> None:
    """Thin crosses at the front's points, some of them where there are many."""
    needed = [f"{name}{end}" for name in (x, y) for end in ("_low", "_high")]
    if not set(needed) <= set(front.columns) or front.empty:  # derived columns have no interval
        return
    shown = front.iloc[:: -(-len(front) // MOST_INTERVALS)]
    x_ends = [shown[x] - shown[f"{x}_low"], shown[f"{x}_high"] - shown[x]]
    y_ends = [shown[y] - shown[f"{y}_low"], shown[f"{y}_high"] - shown[y]]
    look: dict[str, Any] = {"ecolor": INK, "elinewidth": 0.7, "alpha": 0.5, "zorder": 2}
    axis.errorbar(shown[x], shown[y], xerr=x_ends, yerr=y_ends, fmt="none", **look)
