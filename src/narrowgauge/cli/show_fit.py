"""A fit as `show` prints it: what it was made of, how well it did on data left out, where it is valid, what was fitted."""

from __future__ import annotations

from typing import Any

import click

from narrowgauge.cli import screen


def describe_fit(name: str) -> dict[str, Any]:
    """The readable part of a fit file; of the residual only its size and bound."""
    from narrowgauge.calibration.record import shipped
    from narrowgauge.errors import InputError

    fit = shipped(*name.split(".", 1))
    if fit is None:
        raise InputError(f"no fit is named '{name}'; `narrowgauge list fits` prints their names")
    parts = [
        {
            "precision": precision,
            "library": library,
            "rows": values.rows,
            "held_out": dict(values.held_out),
            "valid_range": {column: list(bounds) for column, bounds in values.valid_range.items()},
            "parameters": {key: vars(value) for key, value in values.parameters.items()},
            "residual": {"trees": len(values.residual.trees.roots), "largest_factor": values.residual.bound},
        }
        for precision, found in fit.precisions.items()
        for library, values in found.libraries.items()
    ]
    sources = [vars(source) for source in fit.sources]
    return {"kind": "fit", "name": name, "machine": fit.machine, "family": fit.family, "sources": sources, "parts": parts}


def print_fit(item: dict[str, Any]) -> None:
    """Sources, then one table per precision and library."""
    click.secho(item["name"], bold=True)
    for source in item["sources"]:
        line = f"{source['name']}, {source['rows']:,} rows, {source['origin']}, SHA-256 {source['sha256'][:16]}…"
        click.echo(screen.wrapped(line))
    for part in item["parts"]:
        click.echo()
        click.secho(f"{part['precision']} / {part['library']}: {part['rows']:,} rows", bold=True)
        held = ", ".join(f"{name} {value:.3g}" for name, value in part["held_out"].items())
        click.echo(screen.wrapped(f"on rows left out: {held}"))
        ranges = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in part["valid_range"].items())
        click.echo(screen.wrapped(f"valid: {ranges}"))
        made = screen.table("parameter", ">value", ">low", ">high", "unit")
        for name, value in part["parameters"].items():
            made.add_row(name, *(f"{value[key]:.4g}" for key in ("value", "low", "high")), value["unit"])
        screen.console().print(made, markup=False)
