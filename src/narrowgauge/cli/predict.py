"""`narrowgauge predict`: a model and a machine in, latency, throughput, energy and memory out, with the reasons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from narrowgauge.cli import json_answer, names, options, screen, voice, what_if
from narrowgauge.cli.command import Command
from narrowgauge.cli.report_options import check_targets, report_options, write_report
from narrowgauge.errors import InputError

if TYPE_CHECKING:
    from narrowgauge.archmodels import Hardware, Machine
    from narrowgauge.experiments.predict_result import Prediction
    from narrowgauge.experiments.report.blocks import Report
    from narrowgauge.sim import Schedule

EXAMPLES = (
    "narrowgauge predict llama-3-8b --on a100-sxm-80gb",
    "narrowgauge predict llama-3-8b --on h100-sxm --scheme fp8 --batch 64",
    "narrowgauge predict ./config.json --on h100-sxm --tp 2 --json -",
    "narrowgauge predict llama-3-8b --on h100-sxm --override dram.bandwidth_gb_per_s=4800",
    "narrowgauge predict llama-3-8b --on h100-sxm --trace passes.json --html report.html",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("model", metavar="MODEL", type=names.MODEL)
@options.machine_option
@options.fits_option
@options.override_option
@options.replace_option
@options.scheme_option
@click.option("--batch", metavar="B", type=int, default=1, show_default=True, help="Sequences that run together.")
@click.option("--input", "input_tokens", metavar="L", type=int, default=1024, show_default=True, help="Tokens of each prompt.")
@click.option("--output", "output_tokens", metavar="T", type=int, default=128, show_default=True, help="New tokens of each.")
@click.option("--tp", metavar="N", type=int, default=1, show_default=True, help="GPUs that share every layer.")
@click.option(
    "--framework",
    metavar="NAME",
    type=names.FRAMEWORK,
    help="trtllm (default), vllm, sglang; none: kernels without a framework's steps.",
)
@options.fidelity_option
@options.physics_option
@options.trace_option
@report_options
@options.json_option
def predict(
    model: str,
    machine: str,
    fits: Path | None,
    overrides: tuple[str, ...],
    replacements: tuple[str, ...],
    scheme: str,
    batch: int,
    input_tokens: int,
    output_tokens: int,
    tp: int,
    framework: str | None,
    fidelity: str,
    physics: bool,
    trace_file: str | None,
    html_file: Path | None,
    figures: Path | None,
    json_file: str | None,
) -> int:
    """Predict what a static batch costs: B prompts of L tokens, T new tokens each.

    MODEL is a name of `narrowgauge list models` or the path of a Hugging Face config.json.
    """
    from narrowgauge.experiments.predict import predict as run

    check_targets(html_file, figures)
    asked = (scheme, batch, input_tokens, output_tokens, tp, framework, fidelity, physics)
    changes = (fits, overrides, replacements)
    question = (model, _variant(model, machine, changes, asked) if any(changes) else machine, *asked)
    with voice.step("prefill and decode priced"):
        answer = run(*question)
    for price in answer.manifest["sources"]:
        voice.detail(f"{price['operators']} operators priced by {price['source']} ({price['relation']})")
    if json_file != json_answer.STDOUT:
        from narrowgauge.experiments.predict_text import render

        console = screen.console()
        for part in render(answer, screen.prose_width()):
            console.print(part)
    if trace_file is not None:
        from narrowgauge.experiments.tables import write_text
        from narrowgauge.sim.trace import write_trace

        found = _schedule(answer, what_if.hardware(machine, fits, overrides, replacements))
        write_text(write_trace(found), Path(trace_file))
    write_report(lambda command: _report(answer, question, command), html_file, figures)
    json_answer.write_json(answer.to_json(), json_file)
    return 0


def _variant(model: str, machine: str, changes: tuple[Any, ...], asked: tuple[Any, ...]) -> Hardware:
    """The machine with the user's fits, what-if numbers and units. Raises one InputError with everything that is wrong with them
    and with the rest of the question."""
    from narrowgauge.experiments.predict_request import check

    try:
        return what_if.hardware(machine, *changes)
    except InputError as error:
        try:
            check(model, machine, *asked)
        except InputError as more:
            raise InputError(dict.fromkeys((*error.problems, *more.problems))) from None
        raise


def _report(answer: Prediction, question: tuple[Any, ...], command: str) -> Report:
    from narrowgauge.experiments.predict_request import check
    from narrowgauge.experiments.report.predict import predict_report

    return predict_report(answer, check(*question), command)


def _schedule(answer: Prediction, machine: Hardware) -> Schedule:
    """The passes of a GPU, kernel after kernel; of other machines the mean decode pass as its devices share it."""
    from narrowgauge.experiments.hetero.predict import SystemPrediction
    from narrowgauge.experiments.timeline import pass_schedule

    return answer.schedule if isinstance(answer, SystemPrediction) else pass_schedule(answer, cast("Machine", machine))
