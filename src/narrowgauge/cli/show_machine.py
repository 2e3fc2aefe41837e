"""A machine as `show` prints it: every number with unit, kind and source, then those that nobody measured."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgauge.cli import screen, what_if

if TYPE_CHECKING:
    from rich.table import Table


def describe_machine(name: str, fits: Path | None = None, overrides: tuple[str, ...] = ()) -> dict[str, Any]:
    """Texts, numbers and the paths of unmeasured numbers, with fits and what-if overrides if there are any; raises InputError for
    an unknown name, a faulty file or override."""
    from narrowgauge.archmodels import describe

    description = describe(what_if.hardware(name, fits, overrides))
    return {
        "kind": "machine",
        "name": description.name,
        "texts": dict(description.texts),
        "numbers": [asdict(row) for row in description.rows],
        "unmeasured": [row.path for row in description.unmeasured],
    }


def print_machine(item: dict[str, Any]) -> None:
    """Tables that fit 80 columns: numbers with references, the references, and what nobody measured with the reason."""
    click.secho(item["name"], bold=True)
    for name, words in item["texts"].items():
        click.echo(screen.wrapped(f"{name}: {words}"))
    from narrowgauge.archmodels.override import FIT, OVERRIDE

    references = {source: place for place, source in enumerate(dict.fromkeys(row["source"] for row in item["numbers"]), 1)}

    def make(spared: Collection[str]) -> Table:
        table = screen.table("number", ">value", "unit", *(["kind"] if "kind" not in spared else []), ">source")
        for row in item["numbers"]:
            source, changed = f"[{references[row['source']]}]", row["layer"] == OVERRIDE
            where = [row["kind"], source] if "kind" not in spared else [source]
            where[0] = "what if" if changed else where[0]
            table.add_row(row["path"], f"{row['value']:g}", row["unit"], *where)
        return table

    screen.console().print(screen.fitting(make, ("kind",))[0], markup=False)
    click.secho("Sources", bold=True)
    for source, reference in references.items():
        click.echo(screen.wrapped(f"[{reference}] {source}", hang=6))
    fitted = [row for row in item["numbers"] if row["layer"] == FIT]
    if fitted:
        click.secho(f"\n{len(fitted)} numbers are fitted", bold=True)
        for row in fitted:
            click.echo(screen.wrapped(f"{row['path']} = {row['value']:g} {row['unit']}: {row['note']}", hang=6))
    unmeasured = [row for row in item["numbers"] if row["path"] in item["unmeasured"]]
    click.secho(f"\nNobody measured these {len(unmeasured)} of {len(item['numbers'])} numbers", bold=True)
    for row in unmeasured:
        line = f"{row['path']} = {row['value']:g} {row['unit']} ({row['kind']}): {row['note']}"
        click.echo(screen.wrapped(line, hang=6))
