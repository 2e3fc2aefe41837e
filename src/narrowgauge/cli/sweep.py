"""`narrowgauge sweep`: many predictions from one file, into a folder that survives whatever ends the run."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgauge.cli import common
from narrowgauge.cli.lazy import INTERRUPTED

if TYPE_CHECKING:
    from narrowgauge.experiments.sweep.run import Plan

SOME_FAILED = 1
EPILOG = """\b
Examples:
  narrowgauge sweep sweep.yaml -o results
  narrowgauge sweep sweep.yaml -o results --jobs 8
  narrowgauge sweep sweep.yaml -o results --dry-run
  narrowgauge sweep sweep.yaml -o results --executor ray --address auto
"""


@click.command(epilog=EPILOG)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("-o", "--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Folder of the results.")
@click.option("--jobs", metavar="N", type=click.IntRange(1), default=1, show_default=True, help="Processes on this machine.")
@click.option("--executor", metavar="NAME", default="local", show_default=True, help="local, dask or ray.")
@click.option("--address", metavar="URL", help="Of a running Dask scheduler or Ray cluster.")
@click.option("--dry-run", is_flag=True, help="Check the file and say how much there is to do.")
@common.json_option
def sweep(file: Path, out: Path, jobs: int, executor: str, address: str | None, dry_run: bool, json_file: str | None) -> int:
    """Predict every point of a sweep FILE (YAML, see docs/sweeps.md).

    Finished points are kept in DIR as they come. The same command goes on where the last one stopped, however that ended, and
    computes again what a change of code, fits or specifications made stale. A point that cannot be priced is a row with its
    reason; exit code 1 if there are any.
    """
    from narrowgauge.experiments.sweep import executor as executor_of
    from narrowgauge.experiments.sweep import plan, run_sweep

    if dry_run:
        return _dry_run(plan(file, out), jobs, json_file)
    chosen = executor_of(executor, jobs, address)
    progress = SweepProgress()
    command = shlex.join(["narrowgauge", *sys.argv[1:]])
    try:
        outcome = run_sweep(file, out, jobs, chosen, progress, command)
    except KeyboardInterrupt:
        progress.close()
        click.echo(f"interrupted: {progress.kept}; the same command goes on from here", err=True)
        return INTERRUPTED
    finally:
        progress.close()
    _notes(outcome.notes)
    rate = f", {outcome.computed / outcome.seconds * 60:,.0f} per minute" if outcome.computed else ""
    if json_file != common.STDOUT:
        click.echo(
            f"{outcome.points:,} points in {outcome.folder}: {outcome.computed:,} computed in {outcome.seconds:.1f} s{rate}, "
            f"{outcome.points - outcome.computed:,} were there; {outcome.failed:,} of the new ones have no result"
        )
    data = {"folder": str(outcome.folder), "points": outcome.points, "computed": outcome.computed, "failed": outcome.failed}
    common.write_json(data | {"seconds": outcome.seconds, "notes": list(outcome.notes)}, json_file)
    return SOME_FAILED if outcome.failed else 0


def _dry_run(made: Plan, jobs: int, json_file: str | None) -> int:
    from narrowgauge.experiments.sweep.rates import in_words

    _notes(made.notes)
    data = {"points": len(made.points), "missing": len(made.missing), "settings": len(made.settings)}
    if json_file != common.STDOUT:
        click.echo(
            f"{data['points']:,} points in {data['settings']:,} settings; {data['missing']:,} to compute, "
            f"about {in_words(made.expected_s / jobs)} in {jobs} process{'es' if jobs > 1 else ''}"
        )
    common.write_json(data | {"expected_s": made.expected_s / jobs}, json_file)
    return 0


def _notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        click.echo(f"note: {note}", err=True)


class SweepProgress:
    """One line on standard error: points done, rate, time left; kept up to date once the work has taken two seconds."""

    def __init__(self) -> None:
        self._started = self._reported = time.monotonic()
        self._before, self._done, self._total = 0, 0, 0
        self._first = True
        self._shown = False
        self._overwrite = sys.stderr.isatty()

    @property
    def kept(self) -> str:
        """How many points are finished, in words."""
        return f"{self._done:,} of {self._total:,} points are kept"

    def __call__(self, done: int, total: int) -> None:
        """Take note, and report if it is time to."""
        now = time.monotonic()
        if self._first:
            self._first, self._before, self._started = False, done, now
        self._done, self._total = done, total
        quiet = common.REPORT_EVERY_S if self._shown and not self._overwrite else 0.0
        if now - self._started < common.PATIENCE_S or now - self._reported < quiet:
            return
        self._reported, self._shown = now, True
        rate = (done - self._before) / (now - self._started)
        left = f", {(total - done) / rate:,.0f} s left" if rate else ""
        line = f"sweep: {done:,} of {total:,} points, {rate * 60:,.0f} per minute{left}"
        click.echo(f"\r{line:<78}" if self._overwrite else line, err=True, nl=not self._overwrite)

    def close(self) -> None:
        """End the line."""
        if self._shown and self._overwrite:
            click.echo(err=True)
            self._shown = False
