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
MOST_ROWS = 60  # that a figure holds
COLUMNS = ("paper", "claim", "published", "predicted", "low", "high", "tolerance", "verdict")
KEPT, MISSED, TOGETHER = "within tolerance", "outside", "judged with its table"
VERDICTS = {KEPT: ("o", PALETTE[0]), MISSED: ("X", PALETTE[3]), TOGETHER: ("D", PALETTE[6])}


def published(rows: Iterable[Mapping[str, Any]], name: str = "published", title: str = "Published and predicted") -> Plot:
    """Predicted over published, one row per figure that was published as a number and could be predicted, at most the 60 that are
    farthest off. Each row has `paper`, `claim`, `published`, `predicted`, `tolerance` (drawn where it is a share), `ok` (None
    where the figure is judged with others), and `low` and `high`, None where there is no interval."""
    import pandas as pd

    numeric = (row for row in rows if _is_number(row["published"]) and row["published"] and _is_number(row["predicted"]))
    compared = [{**row, "verdict": _verdict(row["ok"])} for row in numeric]
    worst = sorted(compared, key=lambda row: -abs(row["predicted"] / row["published"] - 1))[:MOST_ROWS]
    shown = [{column: row[column] for column in COLUMNS} for row in compared if row in worst]
    left_out = f" The {MOST_ROWS} farthest off of {len(compared)}." if len(compared) > MOST_ROWS else ""
    return Plot(
        name=name,
        title=title,
        caption="Predicted over published: 1 is what the paper says. Shaded: tolerance, where it is a share. "
        f"Whiskers: intervals.{left_out}",
        data=pd.DataFrame(shown, columns=list(COLUMNS)),
        draw=_draw,
    )


def _verdict(ok: bool | None) -> str:
    return TOGETHER if ok is None else KEPT if ok else MISSED


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _draw(data: pd.DataFrame, width_in: float) -> Figure:
    import pandas as pd

    figure, (axis,) = panels(1, width_in, AROUND_IN + ROW_IN * len(data))
    base, low, high = (data[column].astype(float) for column in ("published", "low", "high"))
    ratio, tolerance = data["predicted"].astype(float) / base, pd.to_numeric(data["tolerance"], errors="coerce")
    axis.barh(data.index, 2 * tolerance, left=1 - tolerance, height=0.44, color=RULE)
    axis.axvline(1.0, color=INK, linewidth=0.8)
    ends = [(ratio - low / base).clip(lower=0).fillna(0), (high / base - ratio).clip(lower=0).fillna(0)]
    axis.errorbar(ratio, data.index, xerr=ends, fmt="none", ecolor=INK, elinewidth=0.9, alpha=0.7)
    for name, (shape, colour) in VERDICTS.items():
        chosen = data["verdict"] == name
        axis.scatter(ratio[chosen], data.index[chosen], s=46, color=colour, marker=shape, edgecolors=PAPER, zorder=3)
    several = len(set(data["paper"])) > 1
    most = int(width_in * LETTERS_PER_IN)
    for place, row in enumerate(data.to_dict("records")):
        words = _short(f"{row['paper']}: {row['claim']}" if several else str(row["claim"]), most)
        axis.annotate(words, (0, place - 0.3), xycoords=axis.get_yaxis_transform(), va="bottom", fontsize=SMALL_PT)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    axis.set_ylim(len(data) - 0.6, -0.9)
    axis.tick_params(axis="y", length=0)
    axis.grid(True, axis="x")
    axis.set_xlabel("predicted over published")
    used = [marker(shape, colour, name) for name, (shape, colour) in VERDICTS.items() if name in set(data["verdict"])]
    legend_above(figure, [*used, patch(RULE, "tolerance")], width_in)
    return figure


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
