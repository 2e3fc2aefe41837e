"""`narrowgauge reproduce`: published results of papers beside what the models predict, and cases beyond them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgauge.cli import json_answer, options, screen
from narrowgauge.cli.command import Command
from narrowgauge.cli.report_options import check_targets, report_options, write_report
from narrowgauge.errors import nearest

if TYPE_CHECKING:
    from rich.table import Table

    from narrowgauge.experiments.report.blocks import Report
    from narrowgauge.experiments.reproduction import Option, Row
    from narrowgauge.experiments.reproduction.published import Paper

    Compared = tuple[str, Paper, list[Row]]

ALL = "all"
HEADINGS = ("claim", ">published", ">predicted", ">error", "tolerance", "ok", "tag")
#: columns that a narrow terminal does without, in this order; --json and -o have them
SPARED = ("tag", "tolerance")
EXAMPLES = (
    "narrowgauge reproduce systolic",
    "narrowgauge reproduce systolic --stationary weight --m 512",
    "narrowgauge reproduce all --json rows.json",
)


class Papers(Command, click.Group):
    """A command for every paper, with the options of its configuration, and one for all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The papers' names, then `all`."""
        from narrowgauge.experiments.reproduction import experiment_names

        return [*experiment_names(), ALL]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a paper, made from the fields of its case."""
        from narrowgauge.experiments.reproduction import experiment_names, load_experiment
        from narrowgauge.registry import canonical

        name = canonical(cmd_name)
        if name == ALL:
            return _command(ALL, "Every paper.", "All papers, in their published configurations.", [])
        if name not in experiment_names():
            ctx.fail(f"no experiment '{cmd_name}'; {nearest(name, self.list_commands(ctx))}")
        experiment, paper = load_experiment(name)
        what = f"{paper.title}.\n\n{paper.source}\n\nOptions replace values of the published configurations."
        return _command(name, paper.title, what, [_option(option) for option in experiment.options.values()])


def _option(option: Option) -> click.Option:
    allowed = f": {', '.join(map(str, option.allowed))}" if option.allowed else ""
    return click.Option(
        [f"--{option.name.replace('_', '-')}", option.name],
        metavar=option.type.__name__.upper(),
        help=f"{option.meaning}{allowed}. [default: as published]",
    )


def _command(name: str, line: str, what: str, own: list[click.Option]) -> click.Command:
    def run(json_file: str | None, out: Path | None, html_file: Path | None, figures: Path | None, **values: str | None) -> int:
        given = {key: value for key, value in values.items() if value is not None}
        check_targets(html_file, figures)
        papers = _run(name, given, json_file, out)
        write_report(lambda command: _report(papers, command), html_file, figures)
        return int(any(row.ok is False for _, _, found in papers for row in found))

    example = f"narrowgauge reproduce {name}"
    examples = (example, f"{example} --json rows.json", f"{example} -o pages")
    command = Command(name, callback=run, params=own, help=what, short_help=line, examples=examples)
    for option in (report_options, _OUT, options.json_option):
        option(command)
    return command


_OUT = options.out_option("DIR", "Also write a page, a figure and a table per paper.", required=False)


@click.command(cls=Papers, examples=EXAMPLES)
def reproduce() -> None:
    """Published results beside predicted ones: NAME of a paper, or `all`."""


def _report(papers: list[Compared], command: str) -> Report:
    from narrowgauge.experiments.report.reproduce import reproduce_report

    return reproduce_report(papers, command)


def _run(name: str, values: dict[str, str], json_file: str | None, out: Path | None) -> list[Compared]:
    """The comparisons, printed and written."""
    from narrowgauge.experiments.reproduction import compare, experiment_names, load_experiment

    papers: list[Compared] = []
    pages: dict[str, tuple[str, list[Row]]] = {}
    names = experiment_names() if name == ALL else (name,)
    for each in names:
        experiment, paper = load_experiment(each)
        found = compare(experiment, paper, **values)
        papers.append((each, paper, found))
        if json_file != json_answer.STDOUT:
            _print(paper.title, found)
        if out is not None:
            from narrowgauge.experiments.reproduction.pages import write_pages

            write_pages(out, each, paper, found)
            pages[each] = (paper.title, found)
    if out is not None and name == ALL:
        from narrowgauge.experiments.reproduction.pages import write_index

        write_index(out, pages)
    json_answer.write_json([row.to_json() for _, _, found in papers for row in found], json_file)
    return papers


def _print(title: str, rows: list[Row]) -> None:
    from narrowgauge.experiments.reproduction.gallery import error, number, summary, verdict

    console = screen.console()

    def make(spared: Collection[str]) -> Table:
        shown = [name for name in HEADINGS if name.removeprefix(">") not in spared]
        table = screen.table(*shown, title=title)
        for row in rows:
            predicted = "refused" if row.predicted is None else f"{number(row.predicted)} {row.unit}".strip()
            cells = (row.claim, number(row.published), predicted, error(row), row.tolerance, verdict(row), row.tag)
            table.add_row(*(cell for name, cell in zip(HEADINGS, cells, strict=True) if name in shown))
        return table

    console.print(screen.fitting(make, SPARED)[0])
    refused = {row.note: None for row in rows if row.predicted is None and row.note}
    for reason in refused:
        console.print(screen.wrapped(f"refused: {reason}"), markup=False)
    console.print(f"{summary(rows)}\n")
