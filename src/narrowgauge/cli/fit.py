"""`narrowgauge fit`: measured data in, fit files out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgauge.cli import json_answer, options, voice
from narrowgauge.cli.campaign_options import MACHINE, campaign_options, kernel_families, require_material
from narrowgauge.cli.command import Command

if TYPE_CHECKING:
    from narrowgauge.calibration.machine.fit import Outcome


EXAMPLES = (
    "narrowgauge fit data/ -o fits/ --family gemm --on a100-sxm-80gb",
    "narrowgauge fit --measurements measurements/my-gpu -o fits/",
)


@click.command(cls=Command, examples=EXAMPLES)
@campaign_options
@options.out_option("DIR", "Folder of the fits.")
@options.json_option
def fit(
    data: Path | None,
    measurements: Path | None,
    out: Path,
    families: tuple[str, ...],
    machines: tuple[str, ...],
    jobs: int,
    json_file: str | None,
) -> None:
    """Fit kernels and machines to the measured data in the folder DATA, to records of `narrowgauge measure`, or to both.

    Of kernels: physics, residual and intervals, one JSON file per machine and kernel family, with the hash of the data, the rows
    used, the error on rows left out and the range in which the fit is valid. Of a machine: rates, latencies, bandwidths, launch
    costs and energies with intervals, in MACHINE.machine.json; what they change against the specification is printed, and
    which numbers contradict the datasheet. `price`, `predict` and `show` use them with --fits DIR.

    DATA may hold the published originals as they are (*_perf.txt or .parquet of ai-dynamo/aiconfigurator, mlp.csv of
    microsoft/vidur; below folders that name the GPU as theirs do) and tables of your own: the columns that `price` reads,
    latency_us and machine. At least 40 rows of one precision and framework make a fit. Where DATA holds the published runs of
    whole models (llm_*.csv), the step costs of the frameworks are fitted on top.
    """
    from narrowgauge.archmodels.machine_fit import save
    from narrowgauge.calibration.campaign import fit_all
    from narrowgauge.calibration.machine.material import material
    from narrowgauge.experiments.serving_fit import fit_serving, measured_frameworks

    require_material(data, measurements, machines)
    with voice.step("data and records read"):
        found = material(data, measurements, machines)
    chosen, paths = kernel_families(families), []
    if chosen is not None and (found.kernels or found.recorded):
        paths += fit_all(found.kernels, out, chosen, machines, jobs, voice.note, found.recorded)
    outcomes = found.machines if not families or MACHINE in families else ()
    out.mkdir(parents=True, exist_ok=True)
    paths += [save(outcome.fit, out) for outcome in outcomes]
    if found.kernels and not families and not machines and measured_frameworks(found.kernels):
        paths += fit_serving(found.kernels, out, fits=out)
    if json_answer.summary_wanted(json_file):
        _print(outcomes, paths)
    json_answer.write_json([str(path) for path in paths], json_file)


def _print(outcomes: Iterable[Outcome], paths: Iterable[Path]) -> None:
    """What the fits of machines change, then the files."""
    from narrowgauge.cli.fit_report import print_outcome

    for outcome in outcomes:
        print_outcome(outcome)
    for path in paths:
        click.echo(str(path))
