"""Published against predicted, one line per claim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from narrowgauge.experiments.reproduction.compare import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PUBLISHED, INSIDE, OUTSIDE = "#555555", "#0072b2", "#d55e00"  # Okabe and Ito's palette, told apart by any eye
LINE_INCHES, HEAD_INCHES = 0.22, 1.2
MOST = 60  # lines that a page holds


def published_against_predicted(title: str, rows: Sequence[Row]) -> Figure:
    """Predicted over published for every figure that was published, with its interval; the band is the tolerance where it is a
    share. At most 60 claims are drawn, the worst ones."""
    from matplotlib.figure import Figure

    ratios = [row for row in rows if row.error is not None and row.case]
    ratios = sorted(sorted(ratios, key=lambda row: -abs(row.error or 0.0))[:MOST], key=ratios.index)
    figure = Figure(figsize=(8.0, HEAD_INCHES + LINE_INCHES * max(len(ratios), 1)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(1.0, color=PUBLISHED, linewidth=1.0)
    for line, row in enumerate(ratios):
        value = 1.0 + (row.error or 0.0)
        colour, marker = (OUTSIDE, "D") if row.ok is False else (INSIDE, "o")
        axes.plot([1.0, value], [line, line], color=colour, linewidth=1.5)
        if row.low is not None and row.high is not None and isinstance(row.published, float | int):
            axes.plot([row.low / row.published, row.high / row.published], [line, line], color=colour, linewidth=5, alpha=0.25)
        axes.plot([value], [line], marker=marker, color=colour)
    axes.set_yticks(range(len(ratios)), [row.claim for row in ratios], fontsize=8)
    axes.set_ylim(len(ratios) - 0.5, -0.5)
    axes.set_xlabel("predicted / published")
    axes.set_title(f"{title}\n(diamond: outside its tolerance)", fontsize=9, loc="left")
    axes.grid(axis="x", alpha=0.3)
    return figure
