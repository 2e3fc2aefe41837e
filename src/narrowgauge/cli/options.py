"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgauge.cli import names
from narrowgauge.cli.json_answer import STDOUT

if TYPE_CHECKING:
    from narrowgauge.experiments.fidelity import Fidelity


class OutputFile(click.Path):
    """A file to write, or `-`; fails before the work is done if it has no folder or is one."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, allow_dash=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as given."""
        folder = Path(value).parent
        if value != STDOUT and not folder.is_dir():
            self.fail(f"{value}: there is no folder '{folder}' to write to", param, ctx)
        return super().convert(value, param, ctx)


json_option = click.option(
    "--json",
    "json_file",
    metavar="FILE",
    type=OutputFile(),
    help="Also write the result as JSON to FILE ('-': stdout only).",
)
machine_option = click.option(
    "--on",
    "machine",
    metavar="HARDWARE",
    type=names.HARDWARE,
    required=True,
    help="Hardware: a name of `narrowgauge list`, or a YAML specification.",
)
fits_option = click.option(
    "--fits",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Fits of your own (`narrowgauge fit DATA -o DIR`); they go before the shipped ones.",
)
override_option = click.option(
    "--override",
    "overrides",
    metavar="PATH=VALUE",
    type=names.OVERRIDE,
    multiple=True,
    help="A what-if number, by the path that `narrowgauge show` prints; repeatable.",
)
replace_option = click.option(
    "--replace",
    "replacements",
    metavar="SLOT=UNIT",
    multiple=True,
    help="Another unit in a slot of the GPU: tensor_core=NAME, of `narrowgauge list units` or a YAML file.",
)
scheme_option = click.option(
    "--scheme",
    metavar="SCHEME",
    type=names.SCHEME,
    default="bf16",
    show_default=True,
    help="Number formats, by a name of `narrowgauge list schemes` or in its notation.",
)
fidelity_option = click.option(
    "--fidelity",
    metavar="F",
    type=names.FIDELITY,
    default="analytic",
    show_default=True,
    help="analytic; bound: rooflines that nothing can beat; event: the kernels tile by tile.",
)
trace_option = click.option(
    "--trace", "trace_file", metavar="FILE", type=OutputFile(), help="Also write a timeline that opens in ui.perfetto.dev."
)
physics_option = click.option("--physics", is_flag=True, help="Physics alone, without the learned residual.")
jobs_option = click.option(
    "--jobs", metavar="N", type=click.IntRange(1), default=1, show_default="1", help="Processes on this machine."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Check everything, print the plan and do nothing else.")


def out_option(what: str, words: str, required: bool = True) -> Callable[[Any], Any]:
    """`-o, --out`: the FILE or DIR that the command writes."""
    kind = click.Path(path_type=Path, file_okay=what == "FILE")
    return click.option("-o", "--out", metavar=what, type=kind, required=required, help=words)


def fidelity(name: str) -> Fidelity:
    """The fidelity of that name; raises InputError that names the nearest."""
    from narrowgauge.errors import InputError, Problem, nearest
    from narrowgauge.experiments.fidelity import Fidelity

    if name not in tuple(Fidelity):
        raise InputError([Problem("--fidelity", f"given '{name}'; {nearest(name, tuple(Fidelity))}")])
    return Fidelity(name)
