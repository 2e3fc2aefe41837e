"""The report of a sweep, from the folder of its results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrowgauge.experiments.figures import binding, breakdown, comparison, lines, pareto, roofline
from narrowgauge.experiments.figures.pareto import ON_FRONT, group_of
from narrowgauge.experiments.predict_request import Request
from narrowgauge.experiments.report import provenance
from narrowgauge.experiments.report.blocks import (
    Block,
    Bullets,
    Fold,
    Listing,
    Picture,
    Report,
    Scatter,
    Section,
    Table,
    Words,
    percent,
    table,
)
from narrowgauge.experiments.report.cases import SIDES, alike, held, in_words, priced, request_of
from narrowgauge.experiments.report.sweep_answer import BEST, answer_blocks, estimate, failures, ratio_blocks
from narrowgauge.experiments.report.words import TRUST
from narrowgauge.experiments.sensitivity import answer, gains, worthwhile
from narrowgauge.experiments.sweep.machines import machine_of
from narrowgauge.experiments.sweep.queries import varying
from narrowgauge.experiments.sweep.results import NOTES, read_results
from narrowgauge.experiments.sweep.store import Store

if TYPE_CHECKING:
    import pandas as pd

FRONTS = (("tpot_ms", "output_tokens_per_s"), ("latency_ms", "energy_per_output_token_j"))
MOST_CASES = 8  # machines and schemes whose operators are shown
MOST_FRONT_ROWS = 100
MOST_LINES_OVER = 4  # parameters with a figure of their own
LINES = ("tpot_ms", "output_tokens_per_s")


def sweep_report(folder: Path, command: str) -> Report:
    """The report of the results in a folder. Raises InputError for a folder without results."""
    frame = read_results(folder)
    manifest = Store(folder).read_manifest()
    chosen, fixed = alike(frame)
    requests = [request for _, row in chosen.head(MOST_CASES).iterrows() if (request := request_of(row)) is not None]
    answers = [Section("The answer", (*answer_blocks(frame), *_notes(frame)))]
    if not priced(frame).empty:
        answers += [
            Section("Machines and schemes", (*_compared(chosen, fixed), *ratio_blocks(frame))),
            Section("What no other point beats", tuple(_fronts(frame))),
            Section("How it goes with each parameter", tuple(_lines(frame, fixed))),
            Section("What limits it, and what would relieve it", tuple(_limits(frame, requests, fixed))),
            Section("Where time and energy go", tuple(_spent(requests, fixed))),
        ]
    without = failures(frame)
    answers += [Section("Points without a result", (without,))] if without is not None else []
    answers += [Section("Where the numbers come from", tuple(_origin(frame, manifest, requests, command)))]
    models = ", ".join(str(name) for name in frame["model"].unique())
    sweeps = ", ".join(dict.fromkeys(str(run["sweep"]) for run in manifest["runs"]))
    sections = tuple(section for section in answers if section.blocks)
    return Report(f"Sweep of {models}", f"{len(frame):,} points of {sweeps}, from {folder}", sections)


def _notes(frame: pd.DataFrame) -> Iterator[Block]:
    if frame.attrs.get(NOTES):
        yield Bullets(tuple(frame.attrs[NOTES]), warning=True)
    yield Words(TRUST)


def _caption(fixed: Mapping[str, Any]) -> str:
    return f"At {in_words(dict(fixed))}." if fixed else ""


def _compared(chosen: pd.DataFrame, fixed: Mapping[str, Any]) -> Iterator[Block]:
    """The cases that differ in machine and scheme alone."""
    shown = chosen.assign(machine=chosen["machine"].astype(str), scheme=chosen["scheme"].astype(str))
    if not fixed and shown.duplicated(list(SIDES)).any():
        return
    yield Picture(comparison(shown, _caption(fixed)))
    columns = ("machine", "scheme", *(f"{name}, {unit}" for _, name, unit in BEST.values()))
    rows = ([row["machine"], row["scheme"], *(estimate(row, name) for name in BEST)] for _, row in shown.iterrows())
    yield table(f"Values with their nominal 90 % intervals. {_caption(fixed)}", columns, rows)


def _fronts(frame: pd.DataFrame) -> Iterator[Block]:
    for x, y in FRONTS:
        plot = pareto(frame, x, y)
        yield Scatter(plot, x, y, group_of(frame))
        front = plot.data[plot.data[ON_FRONT]].sort_values(x)
        shown = front.iloc[:: -(-len(front) // MOST_FRONT_ROWS) or 1]
        names = varying(frame)
        some = f", {len(shown)} of {len(front):,}" if len(shown) < len(front) else ""
        rows = ([*(row[name] for name in names), estimate(row, x), estimate(row, y)] for _, row in shown.iterrows())
        yield Fold(f"Points on this front{some}", (table(f"On the front of {x} and {y}", (*names, x, y), rows),))


def _lines(frame: pd.DataFrame, fixed: Mapping[str, Any]) -> Iterator[Block]:
    """A figure for each parameter that is a number, the others as in the comparison."""
    numbers = [name for name in varying(frame) if frame[name].dtype.kind in "fiu"]
    for name in numbers[:MOST_LINES_OVER]:
        rows = held(frame, dict(fixed), name)
        by = [side for side in SIDES if side in varying(rows)]
        if len(rows[name].unique()) > 1 and not rows.duplicated([*by, name]).any():
            others = {other: value for other, value in fixed.items() if other != name}
            yield Picture(lines(rows, name, LINES, by, _caption(others)))


def _limits(frame: pd.DataFrame, requests: list[Request], fixed: Mapping[str, Any]) -> Iterator[Block]:
    yield Picture(binding(frame))
    if requests:
        yield _relief_table(requests, fixed)


def _relief_table(requests: list[Request], fixed: Mapping[str, Any]) -> Table:
    """Gains in further tokens, a column per machine and scheme."""
    import pandas as pd

    found = {f"{request.machine.name} {request.scheme.name}": gains(request).set_index("resource") for request in requests}
    useful = list(dict.fromkeys(name for made in found.values() for name in worthwhile(made).index))
    together = pd.DataFrame({case: made["tpot_ms_gain"] for case, made in found.items()}).reindex(useful)
    rows = ([name, *(percent(float(gain)) for gain in values)] for name, values in zip(useful, together.to_numpy(), strict=True))
    caption = f"Gain in further tokens of ten per cent more of each resource. {_caption(fixed)}"
    return table(caption, ("resource", *found), rows)


def _spent(requests: list[Request], fixed: Mapping[str, Any]) -> Iterator[Block]:
    """Operators of the compared cases, and the roofline of the fastest of them."""
    if not requests:
        return
    answers = [answer(request) for request in requests]
    yield Words(f"The compared cases, operator by operator. {_caption(fixed)}")
    yield Picture(breakdown(answers))
    fastest, request = min(zip(answers, requests, strict=True), key=lambda pair: pair[0].tpot_ms.value)
    yield Words(f"The fastest of them in further tokens, {request.machine.name} with {request.scheme.name}:")
    yield Picture(roofline(fastest, request.machine))


def _origin(frame: pd.DataFrame, manifest: Mapping[str, Any], requests: list[Request], command: str) -> Iterator[Block]:
    yield from provenance.command_and_versions(command)
    for run in manifest["runs"][-1:]:
        yield Words(f"The points were last computed by `{run['command'] or 'Python'}`, begun {run['started']}.")
        yield Fold("The sweep file", (Listing(str(run["text"])),))
        versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
        yield Fold("Versions and hashes of code, fits and specifications", (Words(versions), _hashes(run)))
    for name in frame["machine"].unique():
        yield from provenance.machine_parameters(machine_of(str(name)))
    used = {(u.family, u.variant, u.basis.source): u for request in requests for u in provenance.used_fits(request)}
    if used:
        yield from provenance.fits(used.values(), None)


def _hashes(run: Mapping[str, Any]) -> Table:
    rows = ([kind, name, digest] for kind in ("code", "fits", "specifications") for name, digest in run[kind].items())
    return table("SHA-256", ("of", "name", "hash"), rows)
