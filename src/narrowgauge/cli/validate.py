"""`narrowgauge validate`: how wrong the models are on measured data that they did not see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgauge.cli import common
from narrowgauge.cli.campaign_options import campaign_options

if TYPE_CHECKING:
    import pandas as pd

SHORT_FALL = 1


@click.command(epilog="Example: narrowgauge validate data/ --family gemm --json errors.json")
@campaign_options
@common.json_option
def validate(data: Path, families: tuple[str, ...], machines: tuple[str, ...], jobs: int, json_file: str | None) -> int:
    """Mean absolute errors on groups of shapes left out of the fit, from the measured data in the folder DATA.

    Next to a roofline, to the deviation between libraries (noise) and to the promised errors of physics / with the residual;
    `cover` is the share of rows inside the nominal 90 % interval. Exit code 1 if an error is above its promise.
    """
    from narrowgauge.calibration.campaign import validate as run

    frame = run(data, families, machines, jobs, lambda line: click.echo(line, err=True))
    if not families and not machines:
        import pandas as pd

        from narrowgauge.experiments.serving_fit import error_rows

        frame = pd.concat([frame, pd.DataFrame(error_rows(data))], ignore_index=True)
    short = int((frame["ok"] == False).sum()) if "ok" in frame else 0  # noqa: E712 - the column also holds NaN
    if json_file != common.STDOUT:
        _print(frame)
        click.echo(f"{short} of {_promised(frame)} promises fall short" if short else f"all {_promised(frame)} promises are kept")
    common.write_json(frame.astype(object).where(frame.notna(), None).to_dict(orient="records"), json_file)
    return SHORT_FALL if short else 0


def _promised(frame: pd.DataFrame) -> int:
    return int(frame["ok"].notna().sum()) if "ok" in frame else 0


def _print(frame: pd.DataFrame) -> None:
    """One table per machine, 80 columns; every number but the rows is a percentage."""
    for machine, rows in frame.groupby("machine", sort=False):
        columns = (">rows", ">roofl.", ">phys.", ">resid.", ">cover", ">noise", ">promise")
        made = common.table("kernel", "library", *columns, title=f"{machine}: mean absolute errors in %")
        for row in rows.to_dict(orient="records"):
            figures = [_figure(row.get(name)) for name in ("roofline", "physics", "with_residual", "coverage", "noise")]
            made.add_row(
                _kernel(row),
                row["library"],
                f"{row['rows']:,}",
                *figures,
                _promise(row),
                style="bold" if row["library"] == "all" else "",
            )
        common.console().print(made)


def _kernel(row: Mapping[Any, Any]) -> str:
    return f"{row['family'].removeprefix('attention-')} {row['precision']}"


def _promise(row: Mapping[Any, Any]) -> str:
    promised = [_figure(row.get(name)) for name in ("physics_bound", "residual_bound")]
    if not any(promised):
        return ""
    return f"{'/'.join(filter(None, promised))} {'ok' if row['ok'] else 'NO'}"


def _figure(fraction: float | None) -> str:
    return "" if fraction is None or fraction != fraction else f"{100 * fraction:.1f}"
