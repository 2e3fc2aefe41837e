"""`narrowgauge sweep`: many predictions from one file, into a folder that survives whatever ends the run."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgauge.cli import json_answer, names, options, voice
from narrowgauge.cli.command import Command
from narrowgauge.cli.lazy import INTERRUPTED
from narrowgauge.cli.progress import Progress
from narrowgauge.cli.report_options import check_targets, report_options, write_report

if TYPE_CHECKING:
    from narrowgauge.experiments.report.blocks import Report
    from narrowgauge.experiments.sweep.run import Plan

SOME_FAILED = 1
EXAMPLES = (
    "narrowgauge sweep sweep.yaml -o results",
    "narrowgauge sweep sweep.yaml -o results --jobs 8 --html report.html",
    "narrowgauge sweep sweep.yaml -o results --dry-run",
    "narrowgauge sweep sweep.yaml -o results --executor ray --address auto",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@options.out_option("DIR", "Folder of the results.")
@options.jobs_option
@click.option("--executor", metavar="NAME", type=names.EXECUTOR, default="local", show_default=True, help="local, dask or ray.")
@click.option("--address", metavar="URL", help="Of a running Dask scheduler or Ray cluster.")
@options.dry_run_option
@report_options
@options.json_option
def sweep(
    file: Path,
    out: Path,
    jobs: int,
    executor: str,
    address: str | None,
    dry_run: bool,
    html_file: Path | None,
    figures: Path | None,
    json_file: str | None,
) -> int:
    """Predict every point of a sweep FILE (YAML, see docs/sweeps.md).

    Finished points are kept in DIR as they come. The same command goes on where the last one stopped, however that ended, and
    computes again what a change of code, fits or specifications made stale. A point that cannot be priced is a row with its
    reason; exit code 1 if there are any.
    """
    from narrowgauge.experiments.sweep import executor as executor_of
    from narrowgauge.experiments.sweep import plan, run_sweep

    if dry_run:
        return _dry_run(plan(file, out), jobs, json_file)
    check_targets(html_file, figures)
    chosen = executor_of(executor, jobs, address)
    progress = Progress("sweep", "points")
    command = shlex.join(["narrowgauge", *sys.argv[1:]])
    try:
        outcome = run_sweep(file, out, jobs, chosen, progress, command)
    except KeyboardInterrupt:
        progress.close()
        click.echo(f"interrupted: {progress.count} are kept; the same command goes on from here", err=True)
        return INTERRUPTED
    finally:
        progress.close()
    _notes(outcome.notes)
    _provenance(out)
    rate = f", {outcome.computed / outcome.seconds * 60:,.0f} per minute" if outcome.computed else ""
    if json_answer.summary_wanted(json_file):
        click.echo(
            f"{outcome.points:,} points in {outcome.folder}: {outcome.computed:,} computed in {outcome.seconds:.1f} s{rate}"
        )
        click.echo(f"{outcome.points - outcome.computed:,} were there, {outcome.failed:,} of the new ones have no result")
    write_report(lambda command: _report(out, command), html_file, figures)
    data = {"folder": str(outcome.folder), "points": outcome.points, "computed": outcome.computed, "failed": outcome.failed}
    json_answer.write_json(data | {"seconds": outcome.seconds, "notes": list(outcome.notes)}, json_file)
    return SOME_FAILED if outcome.failed else 0


def _provenance(folder: Path) -> None:
    """What the last run was made of, as its manifest says it; if verbose."""
    from narrowgauge.experiments.sweep.store import Store

    if voice.level() < voice.Level.VERBOSE:
        return
    run = Store(folder).read_manifest()["runs"][-1]
    for part in ("versions", "specifications", "units", "code"):
        for name, what in run[part].items():
            voice.detail(f"{part}: {name} {what[:16]}")


def _report(folder: Path, command: str) -> Report:
    from narrowgauge.experiments.report.sweep import sweep_report

    return sweep_report(folder, command)


def _dry_run(made: Plan, jobs: int, json_file: str | None) -> int:
    from narrowgauge.experiments.sweep.rates import in_words

    _notes(made.notes)
    data = {"points": len(made.points), "missing": len(made.missing), "settings": len(made.settings)}
    if json_file != json_answer.STDOUT:
        click.echo(
            f"{data['points']:,} points in {data['settings']:,} settings\n{data['missing']:,} to compute, "
            f"about {in_words(made.expected_s / jobs)} in {jobs} process{'es' if jobs > 1 else ''}"
        )
    json_answer.write_json(data | {"expected_s": made.expected_s / jobs}, json_file)
    return 0


def _notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        voice.note(f"note: {note}")
