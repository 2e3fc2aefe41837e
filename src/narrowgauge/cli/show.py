"""`narrowgauge show`: everything known of one machine, model, scheme, number format or fit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from narrowgauge.cli import common, show_fit, show_format, show_machine, show_model
from narrowgauge.cli.listing import fit_names
from narrowgauge.errors import InputError, NarrowgaugeError, nearest
from narrowgauge.registry import canonical


def _kinds_of(name: str) -> list[Callable[[str], dict[str, Any]]]:
    """What describes the name, several where it names several things (`nf4` is a format and a scheme)."""
    from narrowgauge.archmodels import machine_names, pim_names
    from narrowgauge.formats import FORMATS, SCHEMES, parse_scheme
    from narrowgauge.workloads import model_names

    key = canonical(name)
    if name.lower().endswith((".yaml", ".yml")):
        return [show_machine.describe_machine]
    if "/" in name or name.lower().endswith(".json"):
        return [show_model.describe_model]
    catalogues: tuple[tuple[Any, Callable[[str], dict[str, Any]]], ...] = (
        ((*machine_names(), *pim_names()), show_machine.describe_machine),
        (model_names(), show_model.describe_model),
        (SCHEMES, show_format.describe_scheme),
        (FORMATS, show_format.describe_format),
        (fit_names(), show_fit.describe_fit),
    )
    found = [describe for names, describe in catalogues if key in names]
    if found:
        return found
    try:
        parse_scheme(name)
    except NarrowgaugeError:
        every = [other for names, _ in catalogues for other in names]
        close = nearest(key, every).split("? allowed:")[0]
        hint = f"{close}? " if close.startswith("did you mean") else ""
        raise InputError(f"nothing is named '{name}'; {hint}`narrowgauge list` prints every name") from None
    return [show_format.describe_scheme]


@click.command(epilog="Examples: narrowgauge show h100-sxm; narrowgauge show w4a16-g128")
@click.argument("name")
@common.fits_option
@common.override_option
@common.json_option
def show(name: str, fits: Path | None, overrides: tuple[str, ...], json_file: str | None) -> None:
    """Everything known of NAME: a machine, model, scheme, number format or fit, or the path of a specification or config.json.

    Of a machine: every number with its unit, kind and source, and the list of those that nobody measured; with --fits, what was
    fitted beside what the specification says.
    """
    kinds = _kinds_of(name)
    if overrides or fits:
        if show_machine.describe_machine not in kinds:
            raise InputError(f"{'--override' if overrides else '--fits'}: '{name}' is no machine")
        kinds = [partial(show_machine.describe_machine, fits=fits, overrides=overrides)]
    described = [describe(name) for describe in kinds]
    if json_file != common.STDOUT:
        for item in described:
            PRINTERS[item["kind"]](item)
    common.write_json(described[0] if len(described) == 1 else described, json_file)


PRINTERS: dict[str, Callable[[dict[str, Any]], None]] = {
    "machine": show_machine.print_machine,
    "model": show_model.print_model,
    "scheme": show_format.print_facts,
    "format": show_format.print_facts,
    "fit": show_fit.print_fit,
}
