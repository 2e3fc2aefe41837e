"""A reproduced paper as `show` prints it: where its figures stand, what can be varied, what is left open."""

from __future__ import annotations

from typing import Any

import click

from narrowgauge.cli import screen


def describe_paper(name: str) -> dict[str, Any]:
    """Source, options with their defaults, measures, and the published tables."""
    from narrowgauge.experiments.reproduction import load_experiment

    experiment, paper = load_experiment(name)
    return {
        "kind": "paper",
        "name": experiment.name,
        "title": paper.title,
        "source": paper.source,
        "note": paper.note.strip(),
        "options": {
            key: {"default": option.default, "meaning": option.meaning, "allowed": list(option.allowed)}
            for key, option in experiment.options.items()
        },
        "measures": {key: {"unit": measure.unit, "meaning": measure.meaning} for key, measure in experiment.measures.items()},
        "tables": [
            {
                "name": table.name,
                "where": table.where,
                "tag": str(table.tag),
                "tolerance": str(table.tolerance),
                "rows": len(table.rows),
            }
            for table in paper.tables
        ],
    }


def print_paper(item: dict[str, Any]) -> None:
    """Text and three tables that fit 80 columns."""
    click.secho(screen.wrapped(item["title"], first=0, hang=2), bold=True)
    click.echo(screen.wrapped(item["source"]))
    if item["note"]:
        click.echo(screen.wrapped(item["note"]))
    options = screen.table("option", "default", "meaning")
    for name, option in item["options"].items():
        options.add_row(name.replace("_", "-"), str(option["default"]), option["meaning"])
    measures = screen.table("predicts", "unit", "meaning")
    for name, measure in item["measures"].items():
        measures.add_row(name.replace("_", " "), measure["unit"], measure["meaning"])
    tables = screen.table("published", "where", "tag", "tolerance", ">rows")
    for table in item["tables"]:
        tables.add_row(table["name"], table["where"], table["tag"], table["tolerance"], str(table["rows"]))
    for made in (options, measures, tables):
        screen.console().print(made, markup=False)
    click.echo(screen.wrapped(f"narrowgauge reproduce {item['name']}: published beside predicted."))
