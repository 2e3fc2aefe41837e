"""Points that say what they are under a pointer, drawn by Bokeh, whose script its Python package holds.

Points closer together than a few pixels cannot be told apart by a pointer: of each group in such a spot one is kept, points
of the front before others. The static figure shows all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from narrowgauge.experiments.figures.pareto import AXES, ON_FRONT
from narrowgauge.experiments.figures.style import colours_of
from narrowgauge.experiments.report.blocks import Scatter

if TYPE_CHECKING:
    import pandas as pd

HINT = "Points would say what they are under a pointer with the extra `report` (pip install 'narrowgauge[report]')."
SPOTS = (110, 55)  # of a figure, across and up: some eight pixels each
MOST_POINTS = 5000  # keeps a page of two figures below five megabytes
HEIGHT_PX = 440
SIZES_PX = (9, 4)  # of points on the front, and of others


@dataclass(frozen=True)
class Hover:
    """The place of an interactive figure in the page, and what to say above it."""

    words: str
    place: str


def available() -> bool:
    """Whether the interactive layer is installed."""
    return find_spec("bokeh") is not None


def hovers(scatters: Sequence[Scatter]) -> tuple[dict[str, Hover], list[str]]:
    """The interactive figures by the names of their plots, and the scripts that draw them; nothing without the extra."""
    if not scatters or not available():
        return {}, []
    from bokeh.embed import components
    from bokeh.resources import Resources

    kept = [thinned(scatter) for scatter in scatters]
    figures = [_figure(scatter, rows) for scatter, rows in zip(scatters, kept, strict=True)]
    script, places = components(figures, wrap_script=False)
    found = {
        scatter.plot.name: Hover(_words(len(rows), len(scatter.plot.data)), place)
        for scatter, rows, place in zip(scatters, kept, places, strict=True)
    }
    return found, [*Resources(mode="inline", components=["bokeh"]).js_raw, script]


def _words(shown: int, points: int) -> str:
    words = "Move over a point to read it; drag a box to enlarge it."
    return (
        words if shown == points else f"{words} {shown:,} of {points:,} points: of those that lie close together, some are here."
    )


def thinned(scatter: Scatter) -> pd.DataFrame:
    """One point of each group and spot, those of the front first; every second or third of them where they are too many."""
    import pandas as pd

    data = scatter.plot.data.sort_values(ON_FRONT, ascending=False, kind="stable")
    spots = [_spots(data[name], count) for name, count in zip((scatter.x, scatter.y), SPOTS, strict=True)]
    code = data[scatter.group].astype("category").cat.codes.to_numpy(np.int64)
    place = (code * (SPOTS[0] + 1) + spots[0]) * (SPOTS[1] + 1) + spots[1]
    kept = data.iloc[np.sort(np.unique(place, return_index=True)[1])]
    front, others = kept[kept[ON_FRONT]], kept[~kept[ON_FRONT]]
    return pd.concat([part.iloc[:: -(-len(part) // MOST_POINTS) or 1] for part in (front, others)])


def _spots(column: pd.Series[Any], count: int) -> Any:
    values = np.log(column.to_numpy(float))
    low, high = values.min(), values.max()
    return ((values - low) / (high - low or 1.0) * count).astype(np.int64)


def _figure(scatter: Scatter, rows: pd.DataFrame) -> Any:
    """A Bokeh figure. Columns have names of their own, so that those of users mean nothing to it."""
    from bokeh.models import ColumnDataSource, HoverTool
    from bokeh.models.annotations import Legend, LegendItem
    from bokeh.plotting import figure

    plot = figure(
        x_axis_type="log",
        y_axis_type="log",
        height=HEIGHT_PX,
        sizing_mode="stretch_width",
        tools="pan,box_zoom,wheel_zoom,reset",
        toolbar_location="below",
        x_axis_label=AXES.get(scatter.x, scatter.x),
        y_axis_label=AXES.get(scatter.y, scatter.y),
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
    )
    plot.toolbar.logo = None
    plot.axis.axis_label_text_font_style = "normal"
    labels, names = _columns(scatter, rows)
    entries = []
    groups = rows[scatter.group].astype(str)
    for group, colour in colours_of(sorted(set(groups))).items():
        mine = rows[groups == group]
        source = ColumnDataSource({names[column]: _packed(mine[column]) for column in names} | {"size": _sizes(mine)})
        look: dict[str, Any] = {"size": "size", "line_color": None, "fill_color": colour, "fill_alpha": 0.75}
        drawn: Any = plot.scatter(names[scatter.x], names[scatter.y], source=source, **look)
        entries.append(LegendItem(label={"value": group}, renderers=[drawn]))
    plot.add_tools(HoverTool(tooltips=labels))
    clear: dict[str, Any] = {"background_fill_alpha": 0, "border_line_alpha": 0}
    plot.add_layout(Legend(items=entries, orientation="horizontal", click_policy="hide", **clear), "above")
    return plot


def _columns(scatter: Scatter, rows: pd.DataFrame) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Lines of the box at the pointer, and the names that columns have in it."""
    names = {str(column): f"c{place}" for place, column in enumerate(rows.columns) if column != ON_FRONT}
    lines = []
    for column, name in names.items():
        if column.endswith(("_low", "_high")):
            continue
        words = f"@{name}{{0,0.[000]}}" if rows[column].dtype.kind in "fiu" else f"@{name}"
        if f"{column}_low" in names:
            words += f" (@{names[f'{column}_low']}{{0,0.[000]}} to @{names[f'{column}_high']}{{0,0.[000]}})"
        lines.append((AXES.get(column, column), words))
    return lines, names


def _sizes(rows: pd.DataFrame) -> Any:
    return np.where(rows[ON_FRONT], *SIZES_PX).astype(np.uint8)


def _packed(column: pd.Series[Any]) -> Any:
    """Numbers with the digits that a figure can show, texts as they are."""
    kind = column.dtype.kind
    if kind in "iu":
        return column.to_numpy(np.int32)
    return column.to_numpy(np.float32) if kind == "f" else column.astype(str).tolist()
