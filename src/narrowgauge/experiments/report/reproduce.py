"""The report of reproductions: published figures of papers beside predicted ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from narrowgauge.experiments.figures import published
from narrowgauge.experiments.report import provenance
from narrowgauge.experiments.report.blocks import Block, Bullets, Fold, Picture, Report, Section, Table, Tile, Tiles, Words, table
from narrowgauge.experiments.reproduction.compare import Row
from narrowgauge.experiments.reproduction.gallery import error, number, summary, verdict
from narrowgauge.experiments.reproduction.published import Paper


def reproduce_report(papers: Sequence[tuple[str, Paper, Sequence[Row]]], command: str) -> Report:
    """The report of the rows that each paper's comparison gave; a paper comes with its short name."""
    rows = [row for _, _, found in papers for row in found]
    sections = (
        Section("The answer", tuple(_answer(papers, rows))),
        *(Section(name, tuple(_paper(name, paper, found))) for name, paper, found in papers),
        Section("Where the numbers come from", tuple(_origin(papers, command))),
    )
    title = papers[0][1].title if len(papers) == 1 else "Published results and predicted ones"
    return Report(title, f"{len(rows)} figures of {len(papers)} paper{'s' if len(papers) > 1 else ''}", sections)


def _answer(papers: Sequence[tuple[str, Paper, Sequence[Row]]], rows: Sequence[Row]) -> Iterator[Block]:
    yield Words(summary(rows))
    judged = [row.ok for row in rows if row.ok is not None]
    errors = sorted(abs(row.error) for row in rows if row.error is not None and row.case)
    tiles = [Tile("Within tolerance", f"{sum(judged)} of {len(judged)}")] if judged else []
    if errors:
        tiles.append(Tile("Error, median", f"{100 * errors[len(errors) // 2]:.1f} %", f"worst {100 * errors[-1]:.1f} %"))
    yield Tiles(tuple(tiles))
    if len(papers) > 1:
        rows_of = ([name, paper.title, len(found), summary(found)] for name, paper, found in papers)
        yield table("Papers", ("name", "paper", "figures", "outcome"), rows_of)
    outside = [f"{row.paper}: {row.claim}" for row in rows if row.ok is False]
    if outside:
        yield Fold(f"{len(outside)} outside of their tolerance", (Bullets(tuple(outside), warning=True),))


def _paper(name: str, paper: Paper, rows: Sequence[Row]) -> Iterator[Block]:
    yield Words(f"{paper.title}. {summary(rows)}")
    yield Words(f"Source: {paper.source}")
    if paper.note:
        yield Words(paper.note.strip())
    plot = published([row.to_json() for row in rows], f"published-{name}", f"Published and predicted: {name}")
    if len(plot.data):
        yield Picture(plot)
    yield _table(rows)
    notes = tuple(dict.fromkeys(row.note.strip() for row in rows if row.note))
    if notes:
        yield Bullets(notes)


def _table(rows: Sequence[Row]) -> Table:
    columns = ("claim", "unit", "published", "predicted", "interval", "error", "tolerance", "ok", "how it was published")
    return table(
        "Every figure", columns, ([*_figures(row), row.tolerance, verdict(row), f"{row.tag}; {row.where}"] for row in rows)
    )


def _figures(row: Row) -> Iterator[str]:
    yield row.claim
    yield row.unit
    yield number(row.published)
    yield "refused" if row.predicted is None else number(row.predicted)
    yield "–" if row.low is None else f"{number(row.low)} to {number(row.high)}"
    yield error(row)
    yield row.tolerance
    yield verdict(row)
    yield f"{row.tag}; {row.where}"


def _origin(papers: Sequence[tuple[str, Paper, Sequence[Row]]], command: str) -> Iterator[Block]:
    yield from provenance.command_and_versions(command)
    yield table("Papers", ("name", "title", "source"), ([name, paper.title, paper.source] for name, paper, _ in papers))
