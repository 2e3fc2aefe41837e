"""`narrowgauge validate`: how wrong the models are on measured data that they did not see."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgauge.cli import json_answer, options, screen, voice
from narrowgauge.cli.campaign_options import MACHINE, campaign_options, kernel_families, require_material
from narrowgauge.cli.command import Command
from narrowgauge.cli.fit_report import print_held_out
from narrowgauge.cli.report_options import check_targets, report_options, write_report
from narrowgauge.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from narrowgauge.calibration.machine.material import Material
    from narrowgauge.experiments.report.blocks import Report

SHORT_FALL = 1


EXAMPLES = (
    "narrowgauge validate data/ --family gemm --json errors.json --html errors.html",
    "narrowgauge validate --measurements measurements/my-gpu",
)


@click.command(cls=Command, examples=EXAMPLES)
@campaign_options
@report_options
@options.json_option
def validate(
    data: Path | None,
    measurements: Path | None,
    families: tuple[str, ...],
    machines: tuple[str, ...],
    jobs: int,
    html_file: Path | None,
    figures: Path | None,
    json_file: str | None,
) -> int:
    """Mean absolute errors on groups of shapes left out of the fit, from the measured data in the folder DATA, from records of
    `narrowgauge measure`, or from both.

    Next to a roofline, to the deviation between libraries (noise; of a machine's numbers: the spread of samples) and to the
    promised errors of physics / with the residual; `cover` is the share of rows inside the nominal 90 % interval. Of a machine's
    numbers, whole settings are left out: warps and instructions in flight, sizes, kinds of load. Exit code 1 if an error is
    above its promise.
    """
    from narrowgauge.calibration.machine.fit import error_rows
    from narrowgauge.calibration.machine.material import material

    require_material(data, measurements, machines)
    check_targets(html_file, figures)
    with voice.step("data and records read"):
        found = material(data, measurements, machines)
    frame = _kernel_errors(found, families, machines, jobs)
    outcomes = found.machines if not families or MACHINE in families else ()
    rows = [row for outcome in outcomes for row in error_rows(outcome.fit)]
    if frame.empty and not rows:
        raise InputError("nothing to score: neither kernels enough, nor two settings of one curve of a machine")
    short = int((frame["ok"] == False).sum()) if "ok" in frame else 0  # noqa: E712 - the column also holds NaN
    if json_file != json_answer.STDOUT:
        _print(frame, short)
        for outcome in outcomes:
            print_held_out(outcome.fit.held_out, f"{outcome.fit.machine}: ")
    write_report(lambda command: _report(frame, rows, found, command), html_file, figures)
    json_answer.write_json([*frame.astype(object).where(frame.notna(), None).to_dict(orient="records"), *rows], json_file)
    return SHORT_FALL if short else 0


def _report(frame: pd.DataFrame, rows: list[dict[str, Any]], found: Material, command: str) -> Report:
    import pandas as pd

    from narrowgauge.experiments.report.validate import measured, validate_report

    whole = pd.concat([part for part in (frame, pd.DataFrame(rows)) if not part.empty], ignore_index=True)
    return validate_report(whole, measured(found, whole), command)


def _kernel_errors(found: Material, families: tuple[str, ...], machines: tuple[str, ...], jobs: int) -> pd.DataFrame:
    """Errors of kernels and, where nothing was singled out, of whole models."""
    import pandas as pd

    from narrowgauge.calibration.campaign import validate as run
    from narrowgauge.experiments.serving_fit import error_rows

    chosen = kernel_families(families)
    if chosen is None or not (found.kernels or found.recorded):
        return pd.DataFrame()
    frame = run(found.kernels, chosen, machines, jobs, voice.note, found.recorded)
    if found.kernels and not families and not machines:
        frame = pd.concat([frame, pd.DataFrame(error_rows(found.kernels))], ignore_index=True)
    return frame


def _promised(frame: pd.DataFrame) -> int:
    return int(frame["ok"].notna().sum()) if "ok" in frame else 0


#: heading: key of the figure, a fraction
FIGURES = {"roofl.": "roofline", "phys.": "physics", "resid.": "with_residual", "cover": "coverage", "noise": "noise"}
#: columns that a narrow terminal does without, in this order
SPARED = ("noise", "rows", "cover", "roofl.")


def _print(frame: pd.DataFrame, short: int) -> None:
    """One table per machine and whether promises are kept; every number but the rows is a percentage."""
    if frame.empty:
        return
    spared: dict[str, None] = {}
    for machine, rows in frame.groupby("machine", sort=False):
        made, left = screen.fitting(partial(_table, str(machine), rows.to_dict(orient="records")), SPARED)
        screen.console().print(made)
        spared |= dict.fromkeys(left)
    if spared:
        click.echo(screen.wrapped(f"without {', '.join(spared)}, for which there is no room; --json has them", first=0))
    promised = _promised(frame)
    if promised:
        click.echo(f"{short} of {promised} promises fall short" if short else f"all {promised} promises are kept")


def _table(machine: str, rows: list[dict[Any, Any]], spared: Collection[str]) -> Table:
    shown = {name: key for name, key in FIGURES.items() if name not in spared}
    counted = "rows" not in spared
    columns = (*([">rows"] if counted else []), *(f">{name}" for name in shown), ">promise")
    made = screen.table("kernel", "library", *columns, title=f"{machine}: mean absolute errors in %")
    for row in rows:
        figures = [_figure(row.get(key)) for key in shown.values()]
        count = [f"{row['rows']:,}"] if counted else []
        style = "bold" if row["library"] == "all" else ""
        made.add_row(_kernel(row), row["library"], *count, *figures, _promise(row), style=style)
    return made


def _kernel(row: Mapping[Any, Any]) -> str:
    return f"{row['family'].removeprefix('attention-')} {row['precision']}"


def _promise(row: Mapping[Any, Any]) -> str:
    promised = [_figure(row.get(name)) for name in ("physics_bound", "residual_bound")]
    if not any(promised):
        return ""
    return f"{'/'.join(filter(None, promised))} {'ok' if row['ok'] else 'NO'}"


def _figure(fraction: float | None) -> str:
    return "" if fraction is None or fraction != fraction else f"{100 * fraction:.1f}"
