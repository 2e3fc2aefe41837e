"""A compute unit as `show` prints it: what it multiplies and how fast, its area by component, and every number behind that."""

from __future__ import annotations

from typing import Any

import click

from narrowgauge.cli import screen, show_machine


def describe_unit(name: str) -> dict[str, Any]:
    """Numbers as of a machine, peak and energy of each scheme that it supports, the reason of each that it refuses, area."""
    from dataclasses import asdict

    from narrowgauge.archmodels.describe_system import describe_specified
    from narrowgauge.archmodels.units import load_unit
    from narrowgauge.formats import SCHEMES, parse_scheme

    unit = load_unit(name)
    schemes = {scheme: parse_scheme(scheme) for scheme in SCHEMES}
    description = describe_specified(unit)
    supported = {key: scheme for key, scheme in schemes.items() if unit.supports(scheme)}
    return {
        "kind": "unit",
        "name": unit.name,
        "texts": dict(description.texts),
        "schemes": {
            key: {"macs_per_cycle": unit.macs_per_cycle(scheme), "pj_per_mac": unit.pj_per_mac(scheme)}
            for key, scheme in supported.items()
        },
        "refused": {key: unit.refusal(scheme) for key, scheme in schemes.items() if key not in supported},
        "area_um2": dict(unit.area_um2()),
        "numbers": [asdict(row) for row in description.rows],
        "unmeasured": [row.path for row in description.unmeasured],
    }


def print_unit(item: dict[str, Any]) -> None:
    """Tables that fit 80 columns: schemes, area, then the numbers as of a machine."""
    rates = screen.table("scheme", ">MAC/cycle", ">pJ/MAC")
    for scheme, entry in item["schemes"].items():
        rates.add_row(scheme, f"{entry['macs_per_cycle']:g}", f"{entry['pj_per_mac']:.3g}")
    areas = screen.table("area of", ">um2", ">share")
    total = sum(item["area_um2"].values())
    for part, area in item["area_um2"].items():
        areas.add_row(part, f"{area:,.0f}", f"{area / total:.0%}")
    areas.add_row("the unit", f"{total:,.0f}", "")
    show_machine.print_machine(item)
    click.secho("\nMultiplies", bold=True)
    screen.console().print(rates, markup=False)
    screen.console().print(areas, markup=False)
    refused: dict[str, list[str]] = {}
    for scheme, reason in item["refused"].items():
        refused.setdefault(reason, []).append(scheme)
    click.secho("Refuses", bold=True)
    for reason, schemes in refused.items():
        click.echo(screen.wrapped(f"{', '.join(schemes)}: {reason}"))
