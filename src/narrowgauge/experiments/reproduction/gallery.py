"""A page per paper in Markdown: claim, configuration, source, published beside predicted."""

from __future__ import annotations

from collections.abc import Iterable

from narrowgauge.experiments.reproduction.compare import Row
from narrowgauge.experiments.reproduction.published import Paper

HEAD = "| claim | unit | published | predicted | interval | error | tolerance | ok | tag |\n|---|---|---|---|---|---|---|---|---|"


def page(paper: Paper, rows: Iterable[Row], figure: str) -> str:
    """The page; `figure` is the file name of its picture."""
    found = list(rows)
    lines = [f"# {paper.title}", "", f"Source: {paper.source}", "", summary(found), ""]
    lines += [paper.note.strip(), ""] if paper.note else []
    lines += [f"![published against predicted]({figure})", ""]
    for table in dict.fromkeys(row.table for row in found):
        of_table = [row for row in found if row.table == table]
        lines += [f"## {table}", "", f"{of_table[0].where} [{of_table[0].tag}]", ""]
        notes = dict.fromkeys(row.note.strip() for row in of_table if row.note)
        lines += [part for note in notes for part in (note, "")]
        lines += [HEAD, *(_line(row) for row in of_table), ""]
    return "\n".join(lines)


def summary(rows: Iterable[Row]) -> str:
    """How many of the figures are within their tolerance."""
    judged = [row for row in rows if row.ok is not None]
    if not judged:
        return "No figure of these configurations was published."
    return f"{sum(bool(row.ok) for row in judged)} of {len(judged)} figures within their tolerance."


def number(value: float | str | None) -> str:
    """A figure as it is printed: whole numbers whole, others with four digits, a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:,.4g}"  # noqa: PLR2004 - exact floats


def error(row: Row) -> str:
    """The relative error in percent."""
    return "–" if row.error is None else f"{100 * row.error:+.1f} %"


def verdict(row: Row) -> str:
    """`yes`, `no`, or a dash where nothing was published and where the mean of the table is judged."""
    return "–" if row.ok is None else "yes" if row.ok else "no"


def _line(row: Row) -> str:
    predicted = "refused" if row.predicted is None else number(row.predicted)
    interval = f"{number(row.low)} to {number(row.high)}" if row.low is not None else "–"
    cells = (row.claim, row.unit, number(row.published), predicted, interval, error(row), row.tolerance, verdict(row), row.tag)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
