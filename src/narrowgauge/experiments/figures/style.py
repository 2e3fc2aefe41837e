"""How figures look: sizes, inks, and a palette that colour-blind readers can tell apart on white and on black."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from itertools import cycle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

#: widths of a figure: a page, and a phone held upright; one CSS pixel is 1/96 inch
WIDE_IN, NARROW_IN = 9.2, 3.66
STACKED_BELOW_IN = 6.0  # narrower figures put their panels below each other
TEXT_PT, SMALL_PT = 9.0, 8.6  # 12 and 11.5 CSS pixels
LETTER_IN, HANDLE_LETTERS = 0.076, 5  # of a legend: mean width of a letter, and what stands beside the words, in letters
SUBS_PER_DECADE, LABELS_PER_IN = 3, 1.9  # of a logarithmic axis
PNG_DPI, RASTER_DPI = 200, 96  # of pictures, and of clouds of points inside drawings

#: ink, thin lines and paper: a page with a dark theme replaces these three
INK, RULE, PAPER = "#2f343b", "#d3d7dd", "#fefefe"
#: Okabe and Ito, "Color Universal Design" (2008), without black and yellow, then a neutral
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#8a8f98")
#: resources that bind, each in the same colour in every figure
RESOURCE_COLOURS: Mapping[str, str] = {
    "dram": "#0072b2",
    "l2": "#56b4e9",
    "smem": "#009e73",
    "tensor_core": "#e69f00",
    "unit": "#7a4fb3",
    "cuda_core": "#d55e00",
    "launch": "#cc79a7",
    "latency": "#8a8f98",
    "link": "#a6761d",
    "host": "#5f6670",
}
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def style(salt: str) -> AbstractContextManager[None]:
    """The settings of matplotlib for figures; `salt` keeps identifiers of figures on one page apart."""
    from matplotlib import rc_context

    settings: Any = {
        "font.family": "DejaVu Sans",
        "font.size": TEXT_PT,
        "axes.titlesize": TEXT_PT,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.labelsize": TEXT_PT,
        "xtick.labelsize": SMALL_PT,
        "ytick.labelsize": SMALL_PT,
        "legend.fontsize": SMALL_PT,
        "legend.frameon": False,
        "legend.handlelength": 1.2,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.edgecolor": INK,
        "axes.facecolor": "none",
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.axisbelow": True,
        "grid.color": RULE,
        "grid.linewidth": 0.6,
        "svg.fonttype": "none",
        "text.parse_math": False,  # names of users are no formulas
        "svg.hashsalt": salt,
    }
    return rc_context(settings)


def panels(count: int, width_in: float, height_in: float, share_y: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure with that many panels, side by side where there is room, else below each other, each `height_in` high."""
    from matplotlib.figure import Figure

    columns = 1 if width_in < STACKED_BELOW_IN else count
    rows = -(-count // columns)
    figure = Figure(figsize=(width_in, height_in * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=share_y and columns > 1)
    return figure, list(grid.ravel())


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, in order; more names than colours begin again."""
    return {name: PALETTE[place % len(PALETTE)] for place, name in enumerate(dict.fromkeys(names))}


def resource_colours(names: Iterable[str]) -> dict[str, str]:
    """The colours of the resources that are named, in the order of `RESOURCE_COLOURS`; others take what colours those leave."""
    wanted = set(names)
    found = {name: colour for name, colour in RESOURCE_COLOURS.items() if name in wanted}
    free = [colour for colour in PALETTE if colour not in found.values()]
    return found | dict(zip(sorted(wanted - set(found)), cycle(free or PALETTE), strict=False))


def legend_above(figure: Figure, handles: list[Any], width_in: float, wide_columns: int = 6) -> None:
    """One legend for all panels, outside of them; as many columns as the width holds."""
    entry_in = LETTER_IN * (HANDLE_LETTERS + max(len(handle.get_label()) for handle in handles))
    columns = max(1, min(wide_columns, len(handles), int(width_in / entry_in)))
    figure.legend(handles=handles, loc="outside upper left", ncols=columns)


def plain_logarithmic(axis: Axis, length_in: float) -> None:
    """Let a logarithmic axis of about that length count 1, 2, 5, 10 in plain numbers, or 1, 10 where that is too many."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    many = SUBS_PER_DECADE * math.log10(high / low) > LABELS_PER_IN * length_in
    axis.set_major_locator(LogLocator(subs=(1.0,) if many else (1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:,g}")
    axis.set_minor_formatter(NullFormatter())


def patch(colour: str, label: str) -> Any:
    """An entry of a legend for an area."""
    from matplotlib.patches import Patch

    return Patch(facecolor=colour, label=label)


def marker(shape: str, colour: str, label: str) -> Any:
    """An entry of a legend for points."""
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"markerfacecolor": colour, "markeredgecolor": colour if shape == "|" else PAPER, "markersize": 7}
    return Line2D([], [], linestyle="none", marker=shape, label=label, **look)
