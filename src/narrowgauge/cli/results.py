"""`narrowgauge results`: questions to the results of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgauge.cli import json_answer, options, screen, voice
from narrowgauge.cli.command import Command

if TYPE_CHECKING:
    import pandas as pd

ROWS_SHOWN = 30
SUFFIXES = (".csv", ".parquet", ".json")
PIVOT_PARTS = 3
COLUMN_GAP = 2  # blanks around a column of the printed table
PLAIN = 1e4  # from here on numbers are printed without fraction
UNREAD = 1
EXAMPLES = (
    "narrowgauge results results",
    "narrowgauge results results --where 'batch >= 8' --sort tpot",
    "narrowgauge results results --where 'input == 512' --pivot batch,scheme,tpot",
    "narrowgauge results results --baseline 'scheme == \"bf16\"' --json -",
    "narrowgauge results results --pareto latency,energy -o front.csv",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--where", "condition", metavar="EXPR", help="Only the points that meet a condition.")
@click.option("--baseline", metavar="EXPR", help="Ratios to the point that meets EXPR and is alike in everything else.")
@click.option("--pareto", metavar="COL,…", help="Points that no other beats; less is better, max:COL turns it round.")
@click.option("--sort", "order", metavar="COL,…", help="Ascending; descending with a - in front.")
@click.option("--pivot", metavar="ROW,COL,VALUE", help="A table of VALUE by two parameters.")
@options.out_option("FILE", "All rows and columns: .csv, .parquet, .json.", required=False)
@options.json_option
def results(
    folder: Path,
    condition: str | None,
    baseline: str | None,
    pareto: str | None,
    order: str | None,
    pivot: str | None,
    out: Path | None,
    json_file: str | None,
) -> int:
    """Ask the results of a sweep in DIR, in this order: baseline, where, pareto, sort, pivot.

    Columns go by their names or by any beginning that only one has. Expressions are those of sweep files. Exit code 1 if shards
    could not be read.
    """
    from narrowgauge.experiments.sweep import queries, read_results
    from narrowgauge.experiments.sweep.results import NOTES

    if out is not None:
        _check_target(out)
    with voice.step("results read"):
        frame = read_results(folder)
    notes: list[str] = list(frame.attrs.pop(NOTES))
    if baseline:
        frame = queries.baseline(frame, baseline)
    if condition:
        frame = queries.where(frame, condition)
    for note in notes:
        voice.note(f"note: {note}")
    if pareto:
        columns, total = _names(pareto), len(frame)
        ties = queries.near_ties(frame, columns)
        frame = queries.pareto(frame, columns)
        voice.note(f"{len(frame):,} of {total:,} points are on the front; {ties:,} more may be, inside their intervals")
    if order:
        frame = queries.sort(frame, _names(order))
    if pivot:
        parts = _names(pivot)
        if len(parts) != PIVOT_PARTS:
            raise click.UsageError(f"--pivot takes ROW,COL,VALUE, given '{pivot}'")
        frame = queries.pivot(frame, *parts).reset_index()
    asked = [queries.column_of(frame, _bare(name)) for name in (*_names(order or ""), *_names(pareto or ""))] if not pivot else []
    ratios = [name for name in frame.columns if str(name).endswith(queries.RATIO)] if not pivot else []
    _deliver(frame, out, json_file, [*asked, *ratios])
    return UNREAD if notes else 0


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _bare(name: str) -> str:
    return name.removeprefix("-").removeprefix("max:")


def _check_target(out: Path) -> None:
    from narrowgauge.errors import InputError, Problem
    from narrowgauge.experiments.tables import check_writable

    if out.suffix.lower() not in SUFFIXES:
        raise InputError([Problem(str(out), f"the suffix '{out.suffix}' is no table; allowed: {', '.join(SUFFIXES)}")])
    check_writable(out)


def _deliver(frame: pd.DataFrame, out: Path | None, json_file: str | None, wanted: list[str]) -> None:
    """Write the file that was asked for, else print the first rows."""
    from narrowgauge.experiments.tables import write_table

    rows = None
    if json_file is not None or (out is not None and out.suffix.lower() == ".json"):
        rows = frame.to_dict("records")
    if out is not None:
        if out.suffix.lower() == ".json":
            json_answer.write_json(rows, str(out))
        else:
            write_table(frame, out)
        voice.note(f"{len(frame):,} rows in {out}")
    json_answer.write_json(rows, json_file)
    if out is None and json_file != json_answer.STDOUT:
        _print(frame, wanted)


def _print(frame: pd.DataFrame, wanted: list[str]) -> None:
    """The first rows: parameters that differ, columns that were asked for, others without interval ends, as many as fit."""
    from narrowgauge.experiments.sweep.columns import HIGH, LOW
    from narrowgauge.experiments.sweep.document import parameter_kinds

    constant = {name for name in frame.columns if len(frame) > 1 and len(frame[name].unique()) == 1}
    shown = [name for name in frame.columns if not str(name).endswith((LOW, HIGH)) and name not in constant]
    shown = list(dict.fromkeys([*(name for name in shown if name in parameter_kinds()), *wanted, *shown]))
    cells = {name: [_cell(value) for value in frame[name].head(ROWS_SHOWN)] for name in shown}
    console, used = screen.console(), 0
    fitting = []
    for name in shown:
        used += max(len(str(name)), *map(len, cells[name]), 1) + COLUMN_GAP
        if used <= console.width:
            fitting.append(name)
    table = screen.table(*(f">{name}" if frame[name].dtype.kind in "fiu" else str(name) for name in fitting))
    for row in zip(*(cells[name] for name in fitting), strict=True):
        table.add_row(*row)
    console.print(table)
    left = [str(name) for name in shown if name not in fitting]
    if left or len(frame) > ROWS_SHOWN:
        words = f"{min(ROWS_SHOWN, len(frame))} of {len(frame):,} rows"
        words += f", without {', '.join(left)}" if left else ""
        click.echo(screen.wrapped(f"{words}; -o FILE writes everything", first=0, hang=0))


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return "–"
    return f"{value:.4g}" if abs(value) < PLAIN else f"{value:,.0f}"
