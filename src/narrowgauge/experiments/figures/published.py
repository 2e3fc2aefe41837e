"""Published numbers against predicted ones: how far each claim of a paper is met, within the tolerance that was set before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import INK, PALETTE, PAPER, RULE, SMALL_PT, legend_above, marker, panels, patch

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ROW_IN, AROUND_IN = 0.42, 0.9
LETTERS_PER_IN = 13
KEPT, MISSED = PALETTE[0], PALETTE[3]


def published(rows: Iterable[Mapping[str, Any]]) -> Plot:
    """Predicted over published, one row per claim of a paper. Each row has `paper`, `claim`, `published`, `predicted`,
    `tolerance` (relative), `ok`, and the ends `low` and `high` of the predicted interval where there are some."""
    import pandas as pd

    data = pd.DataFrame(list(rows))
    for name in ("low", "high"):
        data[name] = data[name].astype(float) if name in data else float("nan")
    return Plot(
        name="published",
        title="Published and predicted",
        caption="Predicted over published: 1 is what the paper says. Shaded: the tolerance of each claim. Whiskers: intervals.",
        data=data,
        draw=_draw,
    )


def _draw(data: pd.DataFrame, width_in: float) -> Figure:
    figure, (axis,) = panels(1, width_in, AROUND_IN + ROW_IN * len(data))
    base = data["published"].astype(float)
    ratio, tolerance = data["predicted"].astype(float) / base, data["tolerance"].astype(float)
    axis.barh(data.index, 2 * tolerance, left=1 - tolerance, height=0.44, color=RULE)
    axis.axvline(1.0, color=INK, linewidth=0.8)
    ends = [(ratio - data["low"] / base).clip(lower=0).fillna(0), (data["high"] / base - ratio).clip(lower=0).fillna(0)]
    axis.errorbar(ratio, data.index, xerr=ends, fmt="none", ecolor=INK, elinewidth=0.9, alpha=0.7)
    kept = data["ok"].astype(bool)
    for chosen, colour, shape in ((kept, KEPT, "o"), (~kept, MISSED, "X")):
        axis.scatter(ratio[chosen], data.index[chosen], s=46, color=colour, marker=shape, edgecolors=PAPER, zorder=3)
    most = int(width_in * LETTERS_PER_IN)
    for place, row in enumerate(data.to_dict("records")):
        words = _short(f"{row['paper']}: {row['claim']}", most)
        axis.annotate(words, (0, place - 0.3), xycoords=axis.get_yaxis_transform(), va="bottom", fontsize=SMALL_PT)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    axis.set_ylim(len(data) - 0.6, -0.9)
    axis.tick_params(axis="y", length=0)
    axis.grid(True, axis="x")
    axis.set_xlabel("predicted over published")
    entries = [marker("o", KEPT, "within tolerance"), marker("X", MISSED, "outside"), patch(RULE, "tolerance")]
    legend_above(figure, entries, width_in)
    return figure


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
