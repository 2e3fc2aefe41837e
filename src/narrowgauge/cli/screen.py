"""Tables and text on the terminal: how wide, how aligned, what is left out where there is no room."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PROSE_WIDTH = 100  # longer lines are hard to read


def console() -> Console:
    """Where tables are printed: as wide as the terminal, 80 columns where there is none; no colours in files."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table with plain rules; a column name that starts with `>` is for numbers and right-aligned."""
    from rich import box
    from rich.table import Table

    made = Table(
        title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, title_justify="left", title_style="bold"
    )
    for name in columns:
        numeric = name.startswith(">")
        made.add_column(name.removeprefix(">"), justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    return made


def fitting(make: Callable[[Collection[str]], Table], spared: Sequence[str]) -> tuple[Table, list[str]]:
    """What `make` makes of the columns that it is to leave out: none, or as many of the `spared` ones, in their order, as there
    is no room for; and which those are."""
    from rich.measure import Measurement

    screen = console()
    for count in range(len(spared) + 1):
        made = make(spared[:count])
        if Measurement.get(screen, screen.options.update(max_width=PROSE_WIDTH * 10), made).maximum <= screen.width:
            break
    return made, list(spared[:count])


def prose_width() -> int:
    """Columns of a line of text: the terminal's, less the last one, and 100 at most."""
    return min(console().width - 1, PROSE_WIDTH)


def wrapped(words: str, hang: int = 4, first: int = 2) -> str:
    """Text filled to `prose_width`; the first line is indented by `first`, the others by `hang`; names stay whole."""
    import textwrap

    return textwrap.fill(words, prose_width(), initial_indent=" " * first, subsequent_indent=" " * hang, break_on_hyphens=False)


def percent(fraction: float) -> str:
    """`4.3 %`; a dash for what is not a number."""
    return "–" if fraction != fraction else f"{100 * fraction:.1f} %"
