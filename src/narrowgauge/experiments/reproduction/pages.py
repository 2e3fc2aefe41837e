"""Writes what `reproduce -o DIR` leaves: a page, a figure and a table per paper."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.figures import published
from narrowgauge.experiments.reproduction.compare import Row
from narrowgauge.experiments.reproduction.gallery import page, summary
from narrowgauge.experiments.reproduction.published import Paper
from narrowgauge.experiments.tables import write_text

INDEX_HEAD = "| paper | title | within tolerance |\n|---|---|---|"


def write_pages(folder: Path, name: str, paper: Paper, rows: Sequence[Row]) -> None:
    """`NAME.md`, `NAME.svg` and `NAME.csv`; raises InputError if the folder cannot be written to."""
    import pandas as pd

    picture = published([row.to_json() for row in rows if row.case], name, paper.title)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError([Problem(str(folder), f"cannot be written: {error.strerror}")]) from error
    write_text(picture.svg(), folder / f"{name}.svg")
    write_text(page(paper, rows, f"{name}.svg"), folder / f"{name}.md")
    frame = pd.DataFrame([{**row.to_json(), "case": json.dumps(dict(row.case))} for row in rows])
    write_text(frame.to_csv(index=False), folder / f"{name}.csv")


def write_index(folder: Path, papers: Mapping[str, tuple[str, Sequence[Row]]]) -> None:
    """`README.md`: the papers by name with their title, each with how many of its figures fit and a link to its page."""
    lines = ["# Gallery of reproductions", "", "Made by `narrowgauge reproduce all -o DIR`.", "", INDEX_HEAD]
    for name, (title, rows) in papers.items():
        lines.append(f"| [{name}]({name}.md) | {title} | {summary(rows).removesuffix(' within their tolerance.')} |")
    every = [row for _, rows in papers.values() for row in rows]
    lines += ["", summary(every), ""]
    write_text("\n".join(lines), folder / "README.md")
