"""Options that `fit` and `validate` share: which data, of which families and machines, on how many cores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from narrowgauge.errors import nearest
from narrowgauge.registry import canonical

FAMILIES = ("gemm", "attention-prefill", "attention-decode", "elementwise")


def _machines(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    from narrowgauge.archmodels import machine_names

    for name in names:
        if canonical(name) not in machine_names():
            raise click.BadParameter(f"unknown hardware '{name}'; {nearest(canonical(name), machine_names())}")
    return tuple(canonical(name) for name in names)


_OPTIONS = (
    click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False)),
    click.option("--family", "families", multiple=True, type=click.Choice(FAMILIES), help="Only this kernel family; repeatable."),
    click.option(
        "--on", "machines", multiple=True, metavar="HARDWARE", callback=_machines, help="Only this machine; repeatable."
    ),
    click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Processes that work at once."),
)


def campaign_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
