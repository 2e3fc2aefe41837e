"""A picture together with the table that it shows, so that PNG, SVG and CSV come from one object and cannot disagree."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
        return self._bytes("svg", width_in).decode()

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write NAME.png, NAME.svg and NAME.csv to a folder, which is made if it is not there; raises InputError if it cannot."""
        target = Path(folder)
        paths = tuple(target / f"{self.name}.{suffix}" for suffix in ("png", "svg", "csv"))
        try:
            target.mkdir(parents=True, exist_ok=True)
            paths[0].write_bytes(self._bytes("png", WIDE_IN))
            paths[1].write_bytes(self._bytes("svg", WIDE_IN))
            self.data.to_csv(paths[2], index=False)
        except OSError as error:
            raise InputError([Problem(str(folder), f"cannot be written: {error.strerror}")]) from None
        return paths

    def _bytes(self, suffix: str, width_in: float) -> bytes:
        figure, buffer = self.figure(width_in), io.BytesIO()
        metadata = {"Date": None} if suffix == "svg" else None  # the same data give the same bytes
        with style(self.name):
            figure.savefig(buffer, format=suffix, dpi=PNG_DPI if suffix == "png" else RASTER_DPI, metadata=metadata)
        return buffer.getvalue()

    def _repr_svg_(self) -> str:
        return self.svg()
