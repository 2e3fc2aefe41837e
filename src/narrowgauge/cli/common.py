"""What commands share: options, tables on the terminal, JSON to a file, progress of long work."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from narrowgauge.archmodels import Hardware
    from narrowgauge.experiments.fidelity import Fidelity

STDOUT = "-"
PATIENCE_S = 2.0  # work that takes longer reports its progress
REPORT_EVERY_S = 5.0

json_option = click.option(
    "--json", "json_file", metavar="FILE", help="Also write the result as JSON to FILE ('-': stdout only)."
)
machine_option = click.option(
    "--on", "machine", metavar="HARDWARE", required=True, help="Hardware name or path of a YAML specification."
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
    multiple=True,
    help="A what-if number by the path that `narrowgauge show` prints; repeatable.",
)
fidelity_option = click.option(
    "--fidelity",
    metavar="F",
    default="analytic",
    show_default=True,
    help="analytic; bound: rooflines that nothing can beat; event: the kernels tile by tile.",
)
trace_option = click.option("--trace", "trace_file", metavar="FILE", help="Also write a timeline that opens in ui.perfetto.dev.")


def fidelity(name: str) -> Fidelity:
    """The fidelity of that name; raises InputError that names the nearest."""
    from narrowgauge.errors import InputError, Problem, nearest
    from narrowgauge.experiments.fidelity import Fidelity

    if name not in tuple(Fidelity):
        raise InputError([Problem("fidelity", f"given {name!r}; {nearest(name, tuple(Fidelity))}")])
    return Fidelity(name)


def hardware(name: str, fits: Path | None = None, overrides: tuple[str, ...] = ()) -> Hardware:
    """The machine of a name or YAML file, with the user's fits and what-if overrides (`PATH=VALUE`) if there are any.

    Raises InputError that holds every fault of the overrides, and for fits of a machine that is not fitted."""
    from narrowgauge.archmodels import PimMachine, load_machine
    from narrowgauge.errors import InputError

    machine = load_machine(name)
    if fits is not None:
        if isinstance(machine, PimMachine):
            raise InputError(f"--fits: {machine.name} is a PIM machine, which is priced by its command programs without fits")
        machine = machine.with_fits(fits)
    return _overridden(machine, overrides) if overrides else machine


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
    """Where tables are printed: the terminal's width, 80 columns where there is no terminal; no colours in files."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table with plain rules; a column name that starts with `>` is for numbers and right-aligned."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="bold")
    for name in columns:
        numeric = name.startswith(">")
        made.add_column(name.removeprefix(">"), justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    return made


def wrapped(words: str, hang: int = 4, first: int = 2) -> str:
    """Text filled to 79 columns; the first line is indented by `first`, the others by `hang`; names are never cut at a dash."""
    import textwrap

    return textwrap.fill(words, 79, initial_indent=" " * first, subsequent_indent=" " * hang, break_on_hyphens=False)


def percent(fraction: float) -> str:
    """`4.3 %`; a dash for what is not a number."""
    return "–" if fraction != fraction else f"{100 * fraction:.1f} %"


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


def problem_line(message: str) -> None:
    """One line on standard error."""
    click.echo(f"error: {message}", err=True)


class CountingProgress:
    """Called with rows done and rows in all: keeps one line on standard error up to date once the work has taken two seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = self._reported = time.monotonic()
        self._shown = False
        self._overwrite = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Report, if it is time to."""
        now = time.monotonic()
        quiet = REPORT_EVERY_S if self._shown and not self._overwrite else 0.0
        if now - self._started < PATIENCE_S or now - self._reported < quiet:
            return
        self._reported, self._shown = now, True
        line = f"{self._what}: {done:,} of {total:,} rows, {now - self._started:.0f} s"
        click.echo(f"\r{line}" if self._overwrite else line, err=True, nl=not self._overwrite)

    def close(self) -> None:
        """End the line."""
        if self._shown and self._overwrite:
            click.echo(err=True)
