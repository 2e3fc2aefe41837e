"""Labels of points that do not lie on one another: one column beside the points, each with a thin line to its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from narrowgauge.experiments.figures.style import INK, SMALL_PT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 0.062  # between lines of text, in heights of the axes
LEFT = 0.36  # points left of here, in widths of the axes, have their labels to the right
FAR, NEAR = 0.03, 0.5  # where the columns begin: of points on the right, and on the left
TOP = 0.95


def place_labels(axis: Axes, x: npt.NDArray[Any], y: npt.NDArray[Any], texts: list[str]) -> None:
    """Write the texts in two columns, in the order of their points' heights, and join them with the points: at the far left those
    of points on the right, in the middle those of points on the left. Around a roofline both places are free.

    The limits and scales of the axes are those of the finished figure."""
    places = axis.transAxes.inverted().transform(axis.transData.transform(np.column_stack([x, y])))
    left = places[:, 0] < LEFT
    for column, chosen in ((NEAR, np.flatnonzero(left)), (FAR, np.flatnonzero(~left))):
        order = chosen[np.lexsort((-places[chosen, 0], -places[chosen, 1]))]
        wanted = places[order, 1] if column == NEAR else np.full(len(order), TOP)
        for height, index in zip(spread(wanted, GAP, TOP), order, strict=True):
            _label(axis, (x[index], y[index]), (column, height), texts[index])


def _label(axis: Axes, point: tuple[float, float], place: tuple[float, float], text: str) -> None:
    line = {"arrowstyle": "-", "color": INK, "linewidth": 0.5, "alpha": 0.6, "shrinkA": 2, "shrinkB": 4}
    axis.annotate(text, point, place, textcoords="axes fraction", va="center", fontsize=SMALL_PT, zorder=5, arrowprops=line)


def spread(wanted: npt.NDArray[Any], gap: float, top: float) -> list[float]:
    """Descending places at least `gap` apart and below `top`, each as high as wanted where that is free, else below the one
    before; where the last would fall below the axes, those before it move up."""
    places: list[float] = np.minimum(wanted, top).tolist()
    for i in range(1, len(places)):
        places[i] = min(places[i], places[i - 1] - gap)
    lowest = gap
    for i in reversed(range(len(places))):
        places[i] = max(places[i], lowest)
        lowest = places[i] + gap
    return places
