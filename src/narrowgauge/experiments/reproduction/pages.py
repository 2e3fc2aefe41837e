"""Writes what `reproduce -o DIR` leaves: a page, a figure and a table per paper."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.reproduction.compare import Row
from narrowgauge.experiments.reproduction.figure import published_against_predicted
from narrowgauge.experiments.reproduction.gallery import page
from narrowgauge.experiments.reproduction.published import Paper
from narrowgauge.experiments.tables import write_text

#: no date in the file, and the same names in every run: a page that did not change stays the same bytes
STABLE = {"svg.hashsalt": "narrowgauge", "svg.fonttype": "none"}


def write_pages(folder: Path, name: str, paper: Paper, rows: Sequence[Row]) -> None:
    """`NAME.md`, `NAME.svg` and `NAME.csv`; raises InputError if the folder cannot be written to."""
    import matplotlib as mpl
    import pandas as pd

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(STABLE):  # type: ignore[arg-type]
            published_against_predicted(paper.title, rows).savefig(folder / f"{name}.svg", metadata={"Date": None})
    except OSError as error:
        raise InputError([Problem(str(folder), f"cannot be written: {error.strerror}")]) from error
    write_text(page(paper, rows, f"{name}.svg"), folder / f"{name}.md")
    frame = pd.DataFrame([{**row.to_json(), "case": json.dumps(dict(row.case))} for row in rows])
    write_text(frame.to_csv(index=False), folder / f"{name}.csv")
