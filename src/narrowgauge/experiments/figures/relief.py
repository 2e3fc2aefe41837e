"""What would relieve it: the gain of ten per cent more of each resource, beside each other for first and further tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import PALETTE, SMALL_PT, panels
from narrowgauge.experiments.sensitivity import worthwhile

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

TITLES = {"ttft_ms_gain": "First token", "tpot_ms_gain": "Each further token"}
ROW_IN, AROUND_IN = 0.26, 0.75
LEAST_PERCENT = 1.0  # the scale of the axis goes at least so far


def relief(gains: pd.DataFrame) -> Plot:
    """A bar per resource of the table that `experiments.sensitivity.gains` makes."""
    return Plot(
        name="relief",
        title="What ten per cent more of each resource would gain",
        caption=(
            "Old time over new time, less one; of times and latencies, ten per cent less. "
            "Prices of what-if machines; resources that change nothing are left out."
        ),
        data=gains,
        draw=_draw,
    )


def _draw(gains: pd.DataFrame, width_in: float) -> Figure:
    data = worthwhile(gains).reset_index(drop=True)
    figure, axes = panels(len(TITLES), width_in, AROUND_IN + ROW_IN * len(data), share_y=True)
    percent = 100 * data[list(TITLES)]
    widest = max(percent.max().max(), LEAST_PERCENT)
    for place, (axis, (column, title)) in enumerate(zip(axes, TITLES.items(), strict=True)):
        axis.barh(data.index, percent[column], height=0.66, color=PALETTE[place * 2])
        for row, value in enumerate(percent[column]):
            axis.annotate(
                f"{value:+.1f}", (max(value, 0.0), row), (4, 0), textcoords="offset points", va="center", fontsize=SMALL_PT
            )
        axis.set_yticks(data.index, data["resource"])
        axis.set_ylim(len(data) - 0.4, -0.6)
        axis.set_xlim(min(percent.min().min(), 0.0) * 1.1, widest * 1.18)
        axis.tick_params(axis="y", length=0)
        axis.grid(True, axis="x")
        axis.set_title(title)
        axis.set_xlabel("gain, %")
    return figure
