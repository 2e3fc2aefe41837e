"""What limits the points of a sweep: how many of each machine and scheme are bound by which resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import PAPER, legend_above, panels, patch, resource_colours
from narrowgauge.experiments.predict_reasons import BINDS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

PHASES = {"Prefill": "prefill_bound_by", "Decode": "decode_bound_by"}
ROW_IN, AROUND_IN = 0.34, 0.85


def binding(frame: pd.DataFrame) -> Plot:
    """Shares of the points with a result, by what takes most of the time of a pass, per machine and scheme."""
    import pandas as pd

    priced = frame[frame["error"].astype(str) == ""]
    names = priced["machine"].astype(str) + " " + priced["scheme"].astype(str)
    parts = []
    for phase, column in PHASES.items():
        bound_by = priced[column].astype(str).rename("bound_by")
        share = bound_by.groupby(names.rename("case")).value_counts(normalize=True).rename("share")
        parts.append(share.reset_index().assign(phase=phase))
    return Plot(
        name="binding",
        title="What limits the points",
        caption="Share of the points of each machine and scheme by the resource that takes most of the time of a pass.",
        data=pd.concat(parts, ignore_index=True),
        draw=_draw,
    )


def _draw(data: pd.DataFrame, width_in: float) -> Figure:
    cases = sorted(data["case"].unique())
    figure, axes = panels(len(PHASES), width_in, AROUND_IN + ROW_IN * len(cases), share_y=True)
    colour_of = resource_colours(data["bound_by"])
    for axis, phase in zip(axes, PHASES, strict=True):
        shares = data[data["phase"] == phase].set_index(["bound_by", "case"])["share"]
        left = np.zeros(len(cases))
        for name, colour in colour_of.items():
            percent = np.array([100 * shares.get((name, case), 0.0) for case in cases])
            axis.barh(range(len(cases)), percent, left=left, height=0.68, color=colour, edgecolor=PAPER)
            left += percent
        axis.set_yticks(range(len(cases)), [case.replace(" ", "\n", 1) for case in cases])
        axis.set_ylim(len(cases) - 0.4, -0.6)
        axis.set_xlim(0, 100)
        axis.tick_params(axis="y", length=0)
        axis.set_title(phase)
        axis.set_xlabel("points, %")
    legend_above(figure, [patch(colour, BINDS.get(name, name)) for name, colour in colour_of.items()], width_in, wide_columns=5)
    return figure
