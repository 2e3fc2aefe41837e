"""A picture together with the table that it shows, so that PNG, SVG and CSV come from one object and cannot disagree."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.figures.style import PNG_DPI, RASTER_DPI, WIDE_IN, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Draw = Callable[["pd.DataFrame", float], "Figure"]


@dataclass(frozen=True)
class Plot:
    """`draw` makes the picture of `data` at a width in inches; `name` is the stem of files, `caption` says how to read it.

    In a notebook a Plot shows itself."""

    name: str
    title: str
    caption: str
    data: pd.DataFrame
    draw: Draw

    def figure(self, width_in: float = WIDE_IN) -> Figure:
        """A new matplotlib figure, of no window and no global state."""
        with style(self.name):
            return self.draw(self.data, width_in)

    def svg(self, width_in: float = WIDE_IN) -> str:
        """The picture as an SVG document whose texts are texts."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        figure, buffer = self.figure(width_in), io.BytesIO()
        figure.set_dpi(RASTER_DPI)
        draw: Any = FigureCanvasSVG(figure).print_svg  # `savefig` would draw everything once more to lay it out
        with style(self.name):
            draw(buffer, metadata={"Date": None})  # the same data give the same bytes
        return buffer.getvalue().decode()

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write NAME.png, NAME.svg and NAME.csv to a folder, which is made if it is not there; raises InputError if it cannot."""
        target = Path(folder)
        paths = tuple(target / f"{self.name}.{suffix}" for suffix in ("png", "svg", "csv"))
        try:
            target.mkdir(parents=True, exist_ok=True)
            with style(self.name):
                self.figure().savefig(paths[0], dpi=PNG_DPI)
            paths[1].write_text(self.svg(), encoding="utf-8")
            self.data.to_csv(paths[2], index=False)
        except OSError as error:
            raise InputError([Problem(str(folder), f"cannot be written: {error.strerror}")]) from None
        return paths

    def _repr_svg_(self) -> str:
        return self.svg()
