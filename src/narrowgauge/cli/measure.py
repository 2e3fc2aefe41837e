"""`narrowgauge measure`: microbenchmarks on the GPU of this machine, or the plan of them without one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgauge.cli import json_answer, names, options, screen, voice
from narrowgauge.cli.command import Command
from narrowgauge.cli.lazy import INTERRUPTED, USAGE
from narrowgauge.errors import NarrowgaugeError

if TYPE_CHECKING:
    from narrowgauge.kernels.campaign import Outcome, Progress
    from narrowgauge.kernels.plan import PlannedBench

SHORT_FALL = 1
SUITES = ("quick", "full")
ARCHITECTURES = ("sm80", "sm86", "sm89", "sm90")
PROBLEMS_SHOWN = 10

EXAMPLES = (
    "narrowgauge measure --suite quick -o measurements/my-gpu",
    "narrowgauge measure --suite full --dry-run",
    "narrowgauge measure --dry-run --architecture sm90 --only mma-sync",
    "narrowgauge measure --suite full --dry-run --json plan.json",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--suite",
    metavar="SUITE",
    type=names.OneOf(SUITES),
    default="quick",
    show_default=True,
    help="How many points: quick or full.",
)
@options.out_option("DIR", "Folder of the measurements.", required=False)
@click.option("--only", metavar="BENCH", type=names.BENCH, multiple=True, help="Only this bench; repeatable.")
@options.dry_run_option
@click.option(
    "--architecture",
    metavar="ARCH",
    type=names.OneOf(ARCHITECTURES),
    help=f"Of a dry run: {', '.join(ARCHITECTURES)}; without it, all of them.",
)
@click.option(
    "--device", metavar="N", type=click.IntRange(0), default=0, show_default="0", help="Which GPU, as the driver counts them."
)
@click.option("--libraries/--no-libraries", default=True, help="Also time cuBLAS and attention through torch, if it is there.")
@options.json_option
def measure(
    suite: str,
    out: Path | None,
    only: tuple[str, ...],
    dry_run: bool,
    architecture: str | None,
    device: int,
    libraries: bool,
    json_file: str | None,
) -> int:
    """Measure this machine's GPU with the microbenchmark suite.

    Appends every finished point to DIR/measurements.jsonl (see docs/measuring.md) and writes a specification to start from beside
    it. An interrupted campaign goes on where it stopped when the same command is given again. Clocks and power limits are
    recorded, never changed. Exit code 1 if a point failed or a result was wrong. A dry run compiles every kernel, reads its
    machine code back and needs no GPU.
    """
    if dry_run:
        return _dry_run(suite, only, architecture, json_file)
    if architecture:
        raise click.UsageError("--architecture belongs to --dry-run; a campaign measures the GPU that is there")
    if out is None:
        raise click.UsageError("give -o DIR, or --dry-run")
    return _campaign(suite, out, only, device, libraries, json_file)


def _dry_run(suite: str, only: tuple[str, ...], architecture: str | None, json_file: str | None) -> int:
    """Plan and machine code of one architecture or of all."""
    from narrowgauge.kernels.plan import NOMINAL, plan

    chosen = (architecture,) if architecture else ARCHITECTURES
    plans = {name: [_described(item, name) for item in plan(suite, NOMINAL[name], only)] for name in chosen}
    if json_file != json_answer.STDOUT:
        for name, rows in plans.items():
            _print_plan(name, suite, rows)
    json_answer.write_json({"suite": suite, "architectures": plans}, json_file)
    return SHORT_FALL if any(row["problems"] for rows in plans.values() for row in rows) else 0


def _described(item: PlannedBench, architecture: str) -> dict[str, Any]:
    """One bench of a plan: points, reasons of those that are skipped, kernels, loops whose machine code is as expected."""
    from narrowgauge.kernels.machine_code import account

    found = account(item.bench, architecture)
    return {
        "bench": item.bench.name,
        "timing": str(item.bench.timing),
        "points": item.asked,
        "skipped": dict(item.skips),
        "kernels": found.entries,
        "loops": found.judged,
        "loops_as_expected": found.judged - len(found.problems),
        "problems": {entry: list(what) for entry, what in found.problems.items()},
        "seconds": item.seconds,
    }


def _print_plan(architecture: str, suite: str, rows: list[dict[str, Any]]) -> None:
    """One table, the reasons of skipped points, and what is wrong with kernels."""
    columns = ("bench", "timing", ">points", ">skipped", ">kernels", ">loops", ">s")
    table = screen.table(*columns, title=f"{architecture}, suite {suite}: loops whose machine code is as expected, expected time")
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for row in rows:
        loops = f"{row['loops_as_expected']}/{row['loops']}"
        cells = (row["points"], sum(row["skipped"].values()), row["kernels"], loops, f"{row['seconds']:.0f}")
        table.add_row(row["bench"], row["timing"], *map(str, cells))
    table.add_section()
    total = {name: sum(row[name] for row in rows) for name in ("points", "seconds")}
    table.add_row("all", "", str(total["points"]), "", "", "", f"{total['seconds']:.0f}")
    screen.console().print(table)
    for row in rows:
        for reason, count in row["skipped"].items():
            click.echo(screen.wrapped(f"{row['bench']}: {count} points skipped: {reason}"))
    problems = [f"{row['bench']}: {entry}: {'; '.join(what)}" for row in rows for entry, what in row["problems"].items()]
    for problem in problems[:PROBLEMS_SHOWN]:
        voice.error(problem)


def _campaign(suite: str, out: Path, only: tuple[str, ...], device: int, libraries: bool, json_file: str | None) -> int:
    """Look what is there, measure in processes of its own, and print what came of it."""
    from narrowgauge.kernels import toolchain
    from narrowgauge.kernels._pycuda import device_properties
    from narrowgauge.kernels.campaign import supported
    from narrowgauge.kernels.plan import plan
    from narrowgauge.kernels.supervisor import supervised

    toolchain.nvcc()
    properties = device_properties(device)
    supported(properties)
    planned = plan(suite, properties.device, only)
    path = out / "measurements.jsonl"
    shown = voice.level() > voice.Level.QUIET
    code = supervised(_measure, (suite, out, only, device, libraries, shown), lambda: path.stat().st_size if path.exists() else 0)
    return code or _summary(path, planned, json_file)


def _measure(suite: str, out: Path, only: tuple[str, ...], device: int, libraries: bool, shown: bool) -> None:
    """The measuring process: ends with the exit code of what happened."""
    from narrowgauge.kernels import supervisor
    from narrowgauge.kernels.backend import DeviceLostError
    from narrowgauge.kernels.measure import measure as measure_here

    try:
        with _progress(shown) as progress:
            measure_here(suite, out, only, device, libraries, progress)
    except DeviceLostError as error:
        click.echo(f"the device was lost: {error}; the campaign goes on behind this point", err=True)
        supervisor.leave_device()
    except NarrowgaugeError as error:
        for line in str(error).splitlines():
            voice.error(line)
        sys.exit(USAGE)
    except KeyboardInterrupt:
        click.echo("interrupted; the same command goes on from here", err=True)
        sys.exit(INTERRUPTED)


@contextmanager
def _progress(shown: bool) -> Iterator[Progress]:
    """A bar on standard error, unless it is not to be `shown`."""
    from rich import progress as bars
    from rich.console import Console

    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn(), bars.TimeRemainingColumn())
    with bars.Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, name: bar.update(task, completed=done, total=total, description=name)


def _summary(path: Path, planned: tuple[PlannedBench, ...], json_file: str | None) -> int:
    """What the file holds of the plan; 1 if a point failed or was wrong."""
    from narrowgauge.kernels.campaign import outcome
    from narrowgauge.measurements import read_measurements

    found = read_measurements(path)
    outcomes = {item.bench.name: outcome(item.bench.name, item.source_hash, found) for item in planned}
    outcomes |= {name: outcome(name, None, found) for name in found.benches if name.startswith("library-")}
    if json_answer.summary_wanted(json_file):
        _print_outcomes(outcomes)
        click.echo(str(path))
    for note in found.notes:
        voice.note(f"note: {note}")
    benches = {name: vars(one) for name, one in outcomes.items()}
    json_answer.write_json({"file": str(path), "benches": benches, "notes": [str(note) for note in found.notes]}, json_file)
    return SHORT_FALL if any(o.failed or o.wrong for o in outcomes.values()) else 0


def _print_outcomes(outcomes: Mapping[str, Outcome]) -> None:
    table = screen.table(
        "bench", ">measured", ">skipped", ">failed", ">wrong", ">dropped", ">noise", title="samples dropped, median noise"
    )
    table.columns[0].no_wrap = True
    for name, o in outcomes.items():
        noise = screen.percent(float("nan") if o.noise is None else o.noise)
        table.add_row(name, *map(str, (o.measured, o.skipped, o.failed, o.wrong, o.discarded)), noise)
    screen.console().print(table)
