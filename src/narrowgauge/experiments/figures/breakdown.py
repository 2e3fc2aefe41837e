"""Where time and energy go: the operators of a pass, stacked, for each phase of one or several predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from narrowgauge.experiments.figures.names import case_name
from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import INK, PALETTE, PAPER, STACKED_BELOW_IN, legend_above, panels, patch
from narrowgauge.experiments.predict_passes import ENERGY_FACTOR, FRAMEWORK_LINE, Pass
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.units import MJ_PER_J, US_PER_MS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OTHERS = "others"
OWN_COLOURS = 6  # so many operators have a colour of their own; the smaller ones are stacked together
OTHERS_COLOUR, FRAMEWORK_COLOUR = "#b4b9c1", "#5f6670"
LATENCY, ENERGY = "latency_ms", "energy_j"
AXES = {LATENCY: "time of a pass, ms", ENERGY: "energy of a pass on one GPU, J (assumed)"}
BAR_IN, AROUND_IN = 0.42, 0.85


def breakdown(predictions: Sequence[Prediction]) -> Plot:
    """Stacked time and energy of the operators in the mean pass of each phase, a bar per prediction; whiskers are the nominal
    90 % interval of the whole bar."""
    import pandas as pd

    rows = [
        row
        for prediction in predictions
        for phase in (prediction.prefill, prediction.decode)
        for row in _rows(case_name(prediction), phase)
    ]
    return Plot(
        name="breakdown",
        title="Time and energy of the operators",
        caption="Mean pass of each phase on one GPU. Whiskers: nominal 90 % interval of the whole bar. Energy is first order.",
        data=pd.DataFrame(rows),
        draw=_draw,
    )


def _rows(label: str, phase: Pass) -> list[dict[str, Any]]:
    time = phase.latency_us.scaled(1 / US_PER_MS)
    static_j = time.scaled(phase.static_w / MJ_PER_J)  # W × ms = mJ
    energy_j = phase.energy_mj / MJ_PER_J
    dynamic_j = energy_j - static_j.value
    whole = {
        f"pass_{LATENCY}": time.value,
        f"pass_{LATENCY}_low": float(time.low),
        f"pass_{LATENCY}_high": float(time.high),
        f"pass_{ENERGY}": energy_j,
        f"pass_{ENERGY}_low": float(dynamic_j / ENERGY_FACTOR + static_j.low),
        f"pass_{ENERGY}_high": float(dynamic_j * ENERGY_FACTOR + static_j.high),
    }
    return [
        {"prediction": label, "phase": str(phase.phase), "operator": line.operator}
        | {LATENCY: line.total_us.value / US_PER_MS, ENERGY: line.energy_mj / MJ_PER_J}
        | whole
        for line in phase.lines
    ]


def _draw(data: pd.DataFrame, width_in: float) -> Figure:
    labels, phases = list(data["prediction"].unique()), list(data["phase"].unique())
    colours = _colours(data)
    cells = [(phase, quantity) for phase in phases for quantity in AXES]
    figure, axes = _grid(len(phases), len(labels), width_in)
    for axis, (phase, quantity) in zip(axes, cells, strict=True):
        rows = data[data["phase"] == phase]
        for place, label in enumerate(labels):
            _bar(axis, place, rows[rows["prediction"] == label], quantity, colours)
        axis.set_yticks(range(len(labels)), [_folded(label) for label in labels] if len(labels) > 1 else [""] * len(labels))
        axis.set_ylim(len(labels) - 0.4, -0.6)
        axis.set_xlim(0)
        axis.tick_params(axis="y", length=0)
        axis.grid(True, axis="x")
        axis.set_title(phase.capitalize())
        axis.set_xlabel(AXES[quantity])
    legend_above(figure, [patch(colour, name) for name, colour in colours.items()], width_in)
    return figure


def _folded(case: str) -> str:
    """Machine and scheme below each other."""
    return "\n".join(case.rsplit(" ", 1))


def _grid(phases: int, bars: int, width_in: float) -> tuple[Figure, list[Axes]]:
    """A row of panels per phase, time beside energy; one below the other where it is narrow."""
    from matplotlib.figure import Figure

    height = AROUND_IN + BAR_IN * bars
    if width_in < STACKED_BELOW_IN:
        return panels(phases * len(AXES), width_in, height)
    figure = Figure(figsize=(width_in, height * phases), layout="constrained")
    grid = figure.subplots(phases, len(AXES), squeeze=False, sharey=True)
    return figure, list(grid.ravel())


def _colours(data: pd.DataFrame) -> dict[str, str]:
    """Colours of the operators with the largest part of a pass, then of the others and of the framework."""
    share = (data[LATENCY] / data[f"pass_{LATENCY}"]).groupby(data["operator"]).max().sort_values(ascending=False)
    large = [name for name in share.index if name != FRAMEWORK_LINE][:OWN_COLOURS]
    found = {name: PALETTE[place] for place, name in enumerate(large)}
    return found | {OTHERS: OTHERS_COLOUR} | ({FRAMEWORK_LINE: FRAMEWORK_COLOUR} if FRAMEWORK_LINE in share.index else {})


def _bar(axis: Axes, place: int, rows: pd.DataFrame, quantity: str, colours: dict[str, str]) -> None:
    """The parts of one bar in the order of the legend, and the whisker of the whole."""
    if rows.empty:
        return
    parts = rows.groupby(rows["operator"].where(rows["operator"].isin(list(colours)), OTHERS))[quantity].sum()
    left = 0.0
    for name in (name for name in colours if name in parts):
        axis.barh(place, parts[name], left=left, height=0.62, color=colours[name], edgecolor=PAPER, linewidth=0.8)
        left += parts[name]
    whole = rows.iloc[0]
    value, low, high = (whole[f"pass_{quantity}{end}"] for end in ("", "_low", "_high"))
    axis.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="none", ecolor=INK, elinewidth=1.1, capsize=3)
