"""What limits each operator: its share of the pass, coloured by the resource that binds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import INK, SMALL_PT, legend_above, panels, patch, resource_colours
from narrowgauge.experiments.predict_reasons import BINDS, SHORT
from narrowgauge.experiments.predict_result import Prediction

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SMALLEST_SHARE = 0.002  # operators below this share of a pass are in the table alone
ROW_IN, AROUND_IN = 0.25, 0.8
BESIDE = 1.22  # room for the words behind the bars


def limits(prediction: Prediction) -> Plot:
    """A bar per operator and phase: share of the pass with its interval (both over the time of the pass), and what binds it."""
    import pandas as pd

    rows = [
        {
            "phase": str(phase.phase),
            "operator": line.operator,
            "bound_by": line.bound_by,
            "share": line.total_us.value / phase.latency_us.value,
            "share_low": float(line.total_us.low / phase.latency_us.value),
            "share_high": float(line.total_us.high / phase.latency_us.value),
            "total_us": line.total_us.value,
        }
        for phase in (prediction.prefill, prediction.decode)
        for line in sorted(phase.lines, key=lambda line: -line.total_us.value)
    ]
    return Plot(
        name="limits",
        title="What limits each operator",
        caption="Share of the pass; whiskers are the interval of the operator's time over the predicted time of the pass.",
        data=pd.DataFrame(rows),
        draw=_draw,
    )


def _draw(data: pd.DataFrame, width_in: float) -> Figure:
    shown = data[data["share"] >= SMALLEST_SHARE]
    phases = list(shown["phase"].unique())
    colour_of = resource_colours(shown["bound_by"])
    most = int(shown.groupby("phase").size().max())
    figure, axes = panels(len(phases), width_in, AROUND_IN + ROW_IN * most)
    for axis, phase in zip(axes, phases, strict=True):
        rows = shown[shown["phase"] == phase].reset_index(drop=True)
        share, ends = 100 * rows["share"], 100 * rows[["share_low", "share_high"]]
        whiskers = [share - ends["share_low"], ends["share_high"] - share]
        colours = [colour_of[name] for name in rows["bound_by"]]
        axis.barh(rows.index, share, height=0.66, color=colours)
        axis.errorbar(share, rows.index, xerr=whiskers, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)
        for place, row in enumerate(rows.to_dict("records")):
            words = SHORT.get(row["bound_by"], BINDS.get(row["bound_by"], row["bound_by"]))
            place_of_words = (100 * row["share_high"], place)
            axis.annotate(words, place_of_words, (5, 0), textcoords="offset points", va="center", fontsize=SMALL_PT)
        axis.set_yticks(rows.index, rows["operator"])
        axis.set_ylim(most - 0.4, -0.6)
        axis.set_xlim(0, BESIDE * ends["share_high"].max())
        axis.tick_params(axis="y", length=0)
        axis.grid(True, axis="x")
        axis.set_title(phase.capitalize())
        axis.set_xlabel("share of the pass, %")
    legend_above(figure, [patch(colour, BINDS.get(name, name)) for name, colour in colour_of.items()], width_in, wide_columns=5)
    return figure
