"""`narrowgauge fit`: measured data in, fit files out."""

from __future__ import annotations

from pathlib import Path

import click

from narrowgauge.cli import common
from narrowgauge.cli.campaign_options import campaign_options


@click.command(epilog="Example: narrowgauge fit data/ -o fits/ --family gemm --on a100-sxm-80gb")
@campaign_options
@click.option(
    "-o", "--out", required=True, metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False), help="Where fits go."
)
@common.json_option
def fit(data: Path, out: Path, families: tuple[str, ...], machines: tuple[str, ...], jobs: int, json_file: str | None) -> None:
    """Fit physics, residual and intervals to the measured data in the folder DATA.

    Writes one JSON file per machine and kernel family, with the hash of the data, the rows used, the error on rows left out and
    the range in which the fit is valid. `price` and `predict` use them with --fits FOLDER.

    DATA may hold the published originals as they are (*_perf.txt or .parquet of ai-dynamo/aiconfigurator, mlp.csv of
    microsoft/vidur; below folders that name the GPU as theirs do) and tables of your own: the columns that `price` reads,
    latency_us and machine. At least 40 rows of one precision and framework make a fit. Where DATA holds the published runs of
    whole models (llm_*.csv), the step costs of the frameworks are fitted on top.
    """
    from narrowgauge.calibration.campaign import fit_all
    from narrowgauge.experiments.serving_fit import fit_serving, measured_frameworks

    paths = fit_all(data, out, families, machines, jobs, lambda line: click.echo(line, err=True))
    if not families and not machines and measured_frameworks(data):
        paths += fit_serving(data, out, fits=out)
    if json_file != common.STDOUT:
        for path in paths:
            click.echo(str(path))
    common.write_json([str(path) for path in paths], json_file)
