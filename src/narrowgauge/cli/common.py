"""What commands share: options, tables on the terminal, JSON to a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgauge.cli import names, voice

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from narrowgauge.archmodels import Hardware
    from narrowgauge.experiments.fidelity import Fidelity

STDOUT = "-"
PROSE_WIDTH = 100  # longer lines are hard to read


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


def hardware(
    name: str, fits: Path | None = None, overrides: tuple[str, ...] = (), replacements: tuple[str, ...] = ()
) -> Hardware:
    """The machine of a name or YAML file, with the user's fits, what-if overrides (`PATH=VALUE`) and other units (`SLOT=UNIT`) if
    there are any.

    Raises InputError that holds every fault of the overrides, for fits of a machine that is not fitted and for unknown units."""
    from narrowgauge.archmodels import Machine, load_machine
    from narrowgauge.errors import InputError

    machine = load_machine(name)
    if fits is not None:
        if not isinstance(machine, Machine):
            raise InputError(f"--fits: {machine.name} is no GPU and is priced without fits")
        machine = machine.with_fits(fits)
    changed = _overridden(machine, overrides) if overrides else machine
    for text in replacements:
        changed = _replaced(changed, text)
    voice.detail(f"hardware {changed.name}: {_layers(changed)}")
    return changed


def _replaced(machine: Hardware, text: str) -> Hardware:
    from narrowgauge.archmodels import Machine
    from narrowgauge.errors import InputError, Problem

    slot, equals, unit = (part.strip() for part in text.partition("="))
    if not equals or not unit:
        raise InputError([Problem("--replace", f"is '{text}', write SLOT=UNIT, for instance tensor_core=lut-8x")])
    if not isinstance(machine, Machine):
        raise InputError([Problem("--replace", f"{machine.name} is no GPU; only a GPU has units that another can replace")])
    return machine.replace_unit(slot, unit)


def _layers(machine: Hardware) -> str:
    """Where a machine's numbers come from, in words."""
    from narrowgauge.archmodels import Machine

    if not isinstance(machine, Machine):
        return "no GPU, from specifications and timing tables"
    counts = [(len(layer.quantities), layer.name) for layer in machine.layers if layer.quantities]
    words = ", ".join(f"{count} number{'s' if count > 1 else ''} of the {name}" for count, name in counts)
    return f"{words}; fits of kernels: {f'{machine.fits}, then ' if machine.fits else ''}the shipped ones"


def _overridden(machine: Hardware, texts: tuple[str, ...]) -> Hardware:
    from narrowgauge.errors import InputError, Problem

    problems: list[Problem] = []
    values: dict[str, float] = {}
    for text in texts:
        path, _, number = (part.strip() for part in text.partition("="))
        try:
            values[path] = float(number)
        except ValueError:
            problems.append(Problem("--override", f"is '{text}', write PATH=VALUE with a number for VALUE"))
    try:
        changed = machine.with_(**values)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    return changed


def console() -> Console:
    """Where tables are printed: as wide as the terminal, 80 columns where there is none; no colours in files."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table with plain rules; a column name that starts with `>` is for numbers and right-aligned."""
    from rich import box
    from rich.table import Table

    made = Table(
        title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, title_justify="left", title_style="bold"
    )
    for name in columns:
        numeric = name.startswith(">")
        made.add_column(name.removeprefix(">"), justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    return made


def fitting(make: Callable[[Collection[str]], Table], spared: Sequence[str]) -> tuple[Table, list[str]]:
    """What `make` makes of the columns that it is to leave out: none, or as many of the `spared` ones, in their order, as there
    is no room for; and which those are."""
    from rich.measure import Measurement

    screen = console()
    for count in range(len(spared) + 1):
        made = make(spared[:count])
        if Measurement.get(screen, screen.options.update(max_width=PROSE_WIDTH * 10), made).maximum <= screen.width:
            break
    return made, list(spared[:count])


def prose_width() -> int:
    """Columns of a line of text: the terminal's, less the last one, and 100 at most."""
    return min(console().width - 1, PROSE_WIDTH)


def wrapped(words: str, hang: int = 4, first: int = 2) -> str:
    """Text filled to `prose_width`; the first line is indented by `first`, the others by `hang`; names stay whole."""
    import textwrap

    return textwrap.fill(words, prose_width(), initial_indent=" " * first, subsequent_indent=" " * hang, break_on_hyphens=False)


def percent(fraction: float) -> str:
    """`4.3 %`; a dash for what is not a number."""
    return "–" if fraction != fraction else f"{100 * fraction:.1f} %"


def summary_wanted(json_file: str | None) -> bool:
    """Whether to print what came of a command whose answer is a file: not beside JSON on standard output, not if quiet."""
    return json_file != STDOUT and voice.level() > voice.Level.QUIET


def write_json(data: Any, target: str | None) -> None:
    """Write JSON to a file, or to standard output for `-`; numbers that are not finite become null."""
    if target is None:
        return
    body = json.dumps(finite(data), indent=1, allow_nan=False, ensure_ascii=False)
    if target == STDOUT:
        click.echo(body)
    else:
        from narrowgauge.experiments.tables import write_text

        write_text(body + "\n", Path(target))


def finite(data: Any) -> Any:
    """The same nested data with None in place of NaN and infinity, which JSON does not have."""
    if isinstance(data, dict):
        return {str(key): finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    if isinstance(data, float):
        return data if abs(data) < float("inf") else None
    return data
