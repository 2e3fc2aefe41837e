"""The report of one prediction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from narrowgauge.archmodels import Machine, load_gpu, machine_names
from narrowgauge.errors import NarrowgaugeError
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.figures import breakdown, comparison, limits, relief, roofline, rows_of
from narrowgauge.experiments.figures.names import machine_name
from narrowgauge.experiments.predict_passes import Pass
from narrowgauge.experiments.predict_reasons import bottleneck, knowledge
from narrowgauge.experiments.predict_request import Question, Request, SystemRequest
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.experiments.predict_text import SMALL_SHARE
from narrowgauge.experiments.report import provenance
from narrowgauge.experiments.report.blocks import (
    Block,
    Bullets,
    Fold,
    Picture,
    Report,
    Section,
    Table,
    Tiles,
    Words,
    cell,
    exact,
    table,
)
from narrowgauge.experiments.report.blocks import percent as percent_cell
from narrowgauge.experiments.report.words import TRUST, gain_words, prediction_words, tiles_of
from narrowgauge.experiments.sensitivity import answer, gains
from narrowgauge.formats import parse_scheme

if TYPE_CHECKING:
    import pandas as pd

PLAIN = "bf16"  # what a scheme is compared with


def predict_report(prediction: Prediction, question: Question, command: str) -> Report:
    """The report of the prediction that `question` asked for by `command`. One of a machine that is no GPU has no roofline, no
    gains and no comparison."""
    about = prediction.manifest
    request = question if isinstance(question, Request) else None
    relieved = gains(request) if request else None
    eased = (Picture(relief(relieved)),) if relieved is not None else ()
    sections = [
        Section("The answer", tuple(_answer(prediction, relieved))),
        Section("Where time and energy go", _spent(prediction)),
        Section("What limits it, and what would relieve it", (Picture(limits(prediction)), *eased)),
        Section("How far to trust it", tuple(_trust(prediction))),
        Section("Where the numbers come from", tuple(_origin(prediction, question, command))),
    ]
    if request:
        sections.insert(1, Section("Compared with other machines and formats", _compared(prediction, request)))
        sections.insert(3, Section("Roofline", (Picture(roofline(prediction, request.machine)),)))
    title = f"{about['model']} in {about['scheme']} on {_gpus(prediction)}"
    subtitle = f"batch {prediction.batch}, {about['input_tokens']} tokens in, {prediction.output_tokens} out"
    return Report(title, f"{subtitle}; framework {about['framework']}, fidelity {about['fidelity']}", tuple(sections))


def _gpus(prediction: Prediction) -> str:
    name = machine_name(prediction)
    return f"{prediction.gpus} × {name}" if prediction.gpus > 1 else name


def _answer(prediction: Prediction, relieved: pd.DataFrame | None) -> Iterable[Block]:
    yield Words(prediction_words(prediction))
    yield Tiles(tiles_of(prediction))
    for phase, name in ((prediction.prefill, "Prefill"), (prediction.decode, "Decode")):
        yield Words(f"{name} is {bottleneck(phase)}.")
    if relieved is not None:
        yield Words(gain_words(relieved))
    if prediction.warnings:
        yield Bullets(prediction.warnings, warning=True)
    if relieved is not None:
        yield Words(TRUST)


def _compared(prediction: Prediction, request: Request) -> tuple[Block, ...]:
    """The same question to every GPU that ships, in this scheme and in bf16; refusals with their reasons."""
    if request.fidelity is Fidelity.EVENT:
        return (Words("Other machines are not priced at event fidelity, which takes seconds each."),)
    found, refused = [prediction], []
    schemes = tuple(dict.fromkeys((request.scheme, parse_scheme(PLAIN))))
    for machine in _machines(request.machine):
        for scheme in schemes:
            if machine == request.machine and scheme == request.scheme:
                continue
            try:
                found.append(answer(request, machine=machine, scheme=scheme))
            except NarrowgaugeError as error:
                refused.append(f"{machine.name}, {scheme.name}: {str(error).splitlines()[0]}")
    ordered = sorted(found, key=lambda each: (each.manifest["machine"] != request.machine.name, each.tpot_ms.value))
    rows = rows_of(ordered)
    caption = f"The same question to every GPU that ships, in {' and in '.join(scheme.name for scheme in schemes)}."
    blocks: list[Block] = [Picture(comparison(rows, caption)), _comparison_table(ordered)]
    if refused:
        blocks.append(Fold(f"{len(refused)} that cannot run it", (Bullets(tuple(refused)),)))
    return tuple(blocks)


def _machines(asked: Machine) -> Iterable[Machine]:
    """The machine that was asked, the same as it is specified, and those that ship."""
    yield asked
    if asked.overrides or asked.unit:
        yield replace(asked, overrides=(), unit=None)
    yield from (load_gpu(name) for name in machine_names() if name != asked.name)


def _comparison_table(predictions: Iterable[Prediction]) -> Table:
    columns = ("machine", "scheme", "first token, ms", "further token, ms", "output tokens/s", "J per token", "memory, GB")
    rows = (
        [machine_name(p), p.manifest["scheme"]]
        + [cell(value) for value in (p.ttft_ms, p.tpot_ms, p.output_tokens_per_s, p.energy_per_output_token_j, p.memory_gb)]
        for p in predictions
    )
    return table("Values with their nominal 90 % intervals", columns, rows)


def _spent(prediction: Prediction) -> tuple[Block, ...]:
    return Picture(breakdown([prediction])), Fold("Every operator", (_operators(prediction),))


def _operators(prediction: Prediction) -> Table:
    columns = ("phase", "operator", "times", "us each", "us in all", "share", "bound by", "energy, mJ", "priced by")
    rows = (
        (
            str(line.phase),
            line.operator,
            line.count,
            float(line.latency_us),
            line.total_us,
            percent_cell(line.total_us.value / phase.latency_us.value),
            line.bound_by,
            float(line.energy_mj),
            f"{line.source} ({line.relation})",
        )
        for phase in (prediction.prefill, prediction.decode)
        for line in phase.lines
    )
    return table("Operators of the mean pass of each phase, on one GPU", columns, rows)


def _trust(prediction: Prediction) -> Iterable[Block]:
    yield table(
        "Share of the time of each phase by how well its prices are known",
        ("phase", "share", "priced by kernels that were"),
        (row for phase in (prediction.prefill, prediction.decode) for row in _known(phase)),
    )
    yield Words("What every prediction takes for granted:")
    yield Bullets(tuple(prediction.manifest["assumptions"]))


def _known(phase: Pass) -> Iterable[list[object]]:
    return ([str(phase.phase), percent_cell(share, 0), what] for what, share in knowledge(phase).items() if share >= SMALL_SHARE)


def _origin(prediction: Prediction, question: Question, command: str) -> Iterable[Block]:
    yield from provenance.command_and_versions(command)
    changes = prediction.manifest["overrides"]
    if changes:
        rows = (
            [change["path"], "none" if change["old"] is None else exact(change["old"]), exact(change["new"])]
            for change in changes
        )
        yield table("What if: numbers of the machine that were replaced", ("parameter", "was", "is"), rows)
    unit = prediction.manifest["unit"]
    if unit:
        yield table(
            "The unit in the tensor cores' place", ("what", "is"), ([name, _plain(value)] for name, value in unit.items())
        )
    if isinstance(question, Request | SystemRequest):
        yield from provenance.machine_parameters(question.machine)
    if isinstance(question, Request):
        yield from provenance.fits(provenance.used_fits(question), question.machine.fits)
        yield from _step(question)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list | tuple) else str(value)


def _step(request: Request) -> Iterable[Block]:
    """The fitted step cost of the framework, if it has one."""
    step = request.framework.step
    if step is not None:
        parameters = ([n, exact(v.value), exact(v.low), exact(v.high), v.unit] for n, v in step.parameters.items())
        caption = f"Step cost of {request.framework.name}, fitted to {step.rows} whole runs of {step.version}"
        yield table(caption, ("parameter", "value", "low", "high", "unit"), parameters)
        yield provenance.sources(step.sources)
