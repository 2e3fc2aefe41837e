"""What a report is made of: sections of paragraphs, tables and figures. Content alone; `page/page.html` says how it looks.

Every text is plain text. The template escapes all of it; only figures, which this package makes, go into the page as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_text import number


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, and the number that it is sorted by (None for a text)."""

    text: str
    order: float | None = None


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    kind: ClassVar[str] = "words"
    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of remarks; `warning` sets them off."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]
    warning: bool = False


@dataclass(frozen=True)
class Tile:
    """One number of the answer: what it is, how much, and what should be known beside it."""

    name: str
    value: str
    beside: str = ""


@dataclass(frozen=True)
class Tiles:
    """The numbers of the answer, large."""

    kind: ClassVar[str] = "tiles"
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Table:
    """Rows under named columns, which a reader can sort by."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers, or nothing."""
        return tuple(
            any(row[place].order is not None for row in self.rows)
            and all(row[place].order is not None or not row[place].text.strip("–") for row in self.rows)
            for place in range(len(self.columns))
        )


@dataclass(frozen=True)
class Picture:
    """A figure."""

    kind: ClassVar[str] = "picture"
    plot: Plot


@dataclass(frozen=True)
class Scatter:
    """Points of two quantities, which say what they are under a pointer; `plot` is the same as a static figure.

    `x` and `y` are columns of the plot's data, `group` the one that colours tell apart."""

    kind: ClassVar[str] = "scatter"
    plot: Plot
    x: str
    y: str
    group: str


@dataclass(frozen=True)
class Listing:
    """A text in which blanks and lines count."""

    kind: ClassVar[str] = "listing"
    text: str


@dataclass(frozen=True)
class Fold:
    """Blocks that are shown when asked for, and in print."""

    kind: ClassVar[str] = "fold"
    summary: str
    blocks: tuple[Block, ...]


Block = Words | Bullets | Tiles | Table | Picture | Scatter | Listing | Fold


@dataclass(frozen=True)
class Section:
    """A part of the report; its title is also the entry of the table of contents."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """What links to the section point at."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())


@dataclass(frozen=True)
class Report:
    """A whole report, the answer first."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]

    def plots(self) -> Iterator[Plot]:
        """Every figure, in order."""
        for section in self.sections:
            yield from _plots(section.blocks)

    def scatters(self) -> list[Scatter]:
        """What has an interactive layer."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Scatter)]


def _plots(blocks: Sequence[Block]) -> Iterator[Plot]:
    for block in blocks:
        if isinstance(block, Picture | Scatter):
            yield block.plot
        elif isinstance(block, Fold):
            yield from _plots(block.blocks)


def cell(value: Any) -> Cell:
    """A cell of a text, a number (three digits), or an estimate with its interval; a dash for what is not a number."""
    if isinstance(value, Cell):
        return value
    if isinstance(value, Estimate):
        return Cell(f"{number(value.value)} ({number(value.low)} to {number(value.high)})", float(value.value))
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return Cell("" if value is None else str(value))
    amount = float(value)
    if amount != amount:
        return Cell("–")
    return Cell(f"{value:,}" if isinstance(value, Integral) else number(amount), amount)


def exact(value: float) -> Cell:
    """A cell of a number with all its digits, for what others will copy."""
    return Cell(f"{value:,.10g}", float(value))


def percent(fraction: float, digits: int = 1) -> Cell:
    """A cell of a fraction."""
    return Cell("–") if fraction != fraction else Cell(f"{100 * fraction:.{digits}f} %", float(fraction))


def table(caption: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Table:
    """A table of values that `cell` knows."""
    return Table(caption, tuple(columns), tuple(tuple(cell(value) for value in row) for row in rows))
