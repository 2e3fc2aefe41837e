"""Options of commands that can write a report: `--html FILE` and `--figures DIR`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgauge.cli import voice

if TYPE_CHECKING:
    from narrowgauge.experiments.report.blocks import Report

_HTML = click.option(
    "--html",
    "html_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also write a report: one file that opens offline.",
)
_FIGURES = click.option(
    "--figures", metavar="DIR", type=click.Path(path_type=Path), help="Also write the report's figures as PNG, SVG and CSV."
)


def report_options(command: Any) -> Any:
    """Both options, as `html_file` and `figures`."""
    return _HTML(_FIGURES(command))


def check_targets(html_file: Path | None, figures: Path | None) -> None:
    """Raise InputError, before the work is done, for places that cannot be written to."""
    if html_file is not None or figures is not None:
        from narrowgauge.experiments.report.render import check_targets as check

        check(html_file, figures)


def write_report(make: Callable[[str], Report], html_file: Path | None, figures: Path | None) -> None:
    """Write what the options ask for; `make` takes the command line. Raises InputError if the disk refuses."""
    if html_file is None and figures is None:
        return
    from narrowgauge.experiments.report.render import deliver

    with voice.step("report written"):
        lines = deliver(lambda: make(shlex.join(["narrowgauge", *sys.argv[1:]])), html_file, figures)
    for line in lines:
        voice.note(line)
