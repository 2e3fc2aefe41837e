"""Machines and schemes beside each other, every number with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from narrowgauge.experiments.figures.names import machine_name
from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import (
    MARKERS,
    PAPER,
    STACKED_BELOW_IN,
    colours_of,
    legend_above,
    marker,
    panels,
    plain_logarithmic,
)
from narrowgauge.experiments.predict_result import Prediction

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

QUANTITIES: Mapping[str, str] = {
    "ttft_ms": "first token, ms",
    "tpot_ms": "each further token, ms",
    "output_tokens_per_s": "output tokens/s",
    "energy_per_output_token_j": "energy per output token, J (assumed)",
}
ROW_IN, AROUND_IN = 0.4, 0.8
WIDE_RANGE = 8.0  # values farther apart have a logarithmic axis
TALL = 0.8  # share of a machine's row that its schemes fill


def rows_of(predictions: Sequence[Prediction]) -> pd.DataFrame:
    """`machine`, `scheme` and every quantity with its interval, a row per prediction."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for prediction in predictions:
        row: dict[str, Any] = {"machine": machine_name(prediction), "scheme": prediction.manifest["scheme"]}
        for quantity in QUANTITIES:
            estimate = getattr(prediction, quantity)
            ends = {f"{quantity}_low": float(estimate.low), f"{quantity}_high": float(estimate.high)}
            row |= {quantity: float(estimate.value)} | ends
        rows.append(row)
    return pd.DataFrame(rows)


def comparison(frame: pd.DataFrame, caption: str = "") -> Plot:
    """One panel per quantity, one row per machine, one mark per scheme; `frame` has the columns of `rows_of`, as
    results of sweeps have, and one row per machine and scheme."""
    return Plot(
        name="comparison",
        title="Machines and schemes",
        caption=f"{caption} Whiskers: nominal 90 % intervals; errors of one machine's schemes are not independent.".strip(),
        data=frame,
        draw=_draw,
    )


def _draw(data: pd.DataFrame, width_in: float) -> Figure:
    machines, schemes = list(dict.fromkeys(data["machine"])), sorted(set(data["scheme"]))
    colours = colours_of(schemes)
    shapes = {scheme: MARKERS[place % len(MARKERS)] for place, scheme in enumerate(schemes)}
    height = AROUND_IN + ROW_IN * len(machines) * max(1.0, len(schemes) / 4)
    figure, axes = _panels(height, width_in)
    offsets = dict(zip(schemes, np.linspace(-TALL / 2, TALL / 2, len(schemes) + 2)[1:-1], strict=True))
    for axis, (quantity, label) in zip(axes, QUANTITIES.items(), strict=True):
        for scheme, rows in data.groupby("scheme", sort=False, observed=True):
            places = [machines.index(machine) + offsets[str(scheme)] for machine in rows["machine"]]
            value = rows[quantity]
            ends = [value - rows[f"{quantity}_low"], rows[f"{quantity}_high"] - value]
            look: dict[str, Any] = {"color": colours[str(scheme)], "markeredgecolor": PAPER, "markersize": 7.5, "elinewidth": 1.6}
            axis.errorbar(value, places, xerr=ends, fmt=shapes[str(scheme)], **look)
        axis.set_yticks(range(len(machines)), machines)
        axis.set_ylim(len(machines) - 0.5, -0.5)
        if data[quantity].max() > WIDE_RANGE * data[quantity].min():
            axis.set_xscale("log")
            plain_logarithmic(axis.xaxis, width_in / 2)
        else:
            axis.set_xlim(0)
        axis.tick_params(axis="y", length=0)
        axis.grid(True, axis="x")
        for edge in range(1, len(machines)):
            axis.axhline(edge - 0.5, color="#9aa0a9", linewidth=0.5, linestyle=":")
        axis.set_xlabel(label)
    legend_above(figure, [marker(shapes[name], colours[name], name) for name in schemes], width_in)
    return figure


def _panels(height_in: float, width_in: float) -> tuple[Figure, list[Any]]:
    """Two by two where there is room."""
    if width_in < STACKED_BELOW_IN:
        return panels(len(QUANTITIES), width_in, height_in)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, 2 * height_in), layout="constrained")
    return figure, list(figure.subplots(2, 2, sharey=True).ravel())
