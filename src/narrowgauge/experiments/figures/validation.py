"""How wrong the models are on data that they did not see, beside a roofline, the noise of measuring, and what is promised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import INK, PALETTE, PAPER, legend_above, marker, panels, plain_logarithmic

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

#: column of `narrowgauge validate`: what it is called, its mark and its colour
SERIES: Mapping[str, tuple[str, str, str]] = {
    "roofline": ("roofline", "D", "#8a8f98"),
    "physics": ("physics", "s", PALETTE[0]),
    "with_residual": ("with residual", "o", PALETTE[1]),
    "noise": ("between libraries", "|", INK),
    "residual_bound": ("promised", "<", PALETTE[3]),
}
ROW_IN, AROUND_IN, LEAST_IN = 0.26, 0.9, 2.0  # the least has room for a legend of three lines
LEAST_PERCENT = 0.3  # errors below are drawn at this edge of the logarithmic axis


def validation(frame: pd.DataFrame) -> Plot:
    """Mean absolute errors in per cent, one row per machine, kernel and precision over all libraries; `frame` has the columns of
    `calibration.report.table`."""
    whole = frame[frame["library"].isin(["all", ""])] if "library" in frame else frame
    rows = whole if len(whole) else frame
    data = rows.assign(bucket=rows["machine"] + " " + rows["family"].str.removeprefix("attention-") + " " + rows["precision"])
    order = ["machine", "family", "precision", "library", "rows", "bucket"]
    columns = [name for name in (*order, *SERIES, "coverage") if name in data]
    return Plot(
        name="validation",
        title="Errors on data left out",
        caption=(
            "Mean absolute error of latency on groups of shapes that the fit did not see, logarithmic. "
            "Between libraries: their mean deviation on the same shapes; of a machine's numbers, the spread of samples."
        ),
        data=data[columns].reset_index(drop=True),
        draw=_draw,
    )


def _draw(data: pd.DataFrame, width_in: float) -> Figure:
    figure, (axis,) = panels(1, width_in, max(AROUND_IN + ROW_IN * len(data), LEAST_IN))
    used = [name for name in SERIES if name in data and data[name].notna().any()]
    for name in used:
        _, shape, colour = SERIES[name]
        percent = (100 * data[name].astype(float)).clip(lower=LEAST_PERCENT)
        edge: dict[str, Any] = {} if shape == "|" else {"edgecolors": PAPER, "linewidths": 0.7}
        axis.scatter(percent, data.index, s=52, marker=shape, color=colour, zorder=3, **edge)
    axis.set_yticks(data.index, data["bucket"])
    axis.set_ylim(len(data) - 0.4, -0.6)
    axis.set_xscale("log")
    plain_logarithmic(axis.xaxis, width_in)
    axis.tick_params(axis="y", length=0)
    axis.grid(True)
    axis.set_xlabel("mean absolute error, %")
    legend_above(figure, [marker(SERIES[name][1], SERIES[name][2], SERIES[name][0]) for name in used], width_in, wide_columns=5)
    return figure
