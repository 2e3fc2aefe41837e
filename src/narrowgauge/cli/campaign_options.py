"""Options that `fit` and `validate` share: which data and records, of which families and machines, on how many cores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from narrowgauge.cli import names, options
from narrowgauge.errors import nearest
from narrowgauge.registry import canonical

#: the numbers of a machine itself, which are no family of kernels
MACHINE = "machine"
FAMILIES = (MACHINE, "gemm", "attention-prefill", "attention-decode", "elementwise")


def _machines(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    from narrowgauge.archmodels import machine_names

    files = [name for name in names if name.lower().endswith((".yaml", ".yml"))]
    for name in (name for name in names if name not in files):
        if canonical(name) not in machine_names():
            raise click.BadParameter(f"unknown hardware '{name}'; {nearest(canonical(name), machine_names())}")
    return tuple(name if name in files else canonical(name) for name in names)


_OPTIONS = (
    click.argument("data", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False)),
    click.option(
        "--measurements",
        metavar="DIR",
        type=click.Path(path_type=Path, exists=True),
        help="Records of `narrowgauge measure`, in place of DATA or on top.",
    ),
    click.option(
        "--family",
        "families",
        metavar="FAMILY",
        multiple=True,
        type=names.OneOf(FAMILIES),
        help=f"Only this family, of {', '.join(FAMILIES)}; repeatable.",
    ),
    click.option(
        "--on",
        "machines",
        multiple=True,
        metavar="HARDWARE",
        type=names.HARDWARE,
        callback=_machines,
        help="Only this machine; repeatable. With --measurements: the name or YAML file of what was measured.",
    ),
    options.jobs_option,
)


def campaign_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def kernel_families(families: tuple[str, ...]) -> tuple[str, ...] | None:
    """The chosen families of kernels, empty for all; None if only the machine's own numbers were asked for."""
    chosen = tuple(family for family in families if family != MACHINE)
    return None if families and not chosen else chosen


def require_material(data: Path | None, measurements: Path | None, machines: tuple[str, ...]) -> None:
    """Raises UsageError where there is nothing to work on, or where records are said to be of several machines."""
    if data is None and measurements is None:
        raise click.UsageError("give DATA, --measurements DIR, or both")
    if measurements is not None and len(machines) > 1:
        raise click.UsageError("records are of one GPU: give --on once with --measurements")
