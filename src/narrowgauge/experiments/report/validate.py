"""The report of a validation: errors on data left out, beside noise, roofline and promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from narrowgauge.calibration.campaign import data_sets
from narrowgauge.calibration.datasets import llm
from narrowgauge.experiments.figures import validation
from narrowgauge.experiments.report import provenance
from narrowgauge.experiments.report.blocks import Block, Cell, Picture, Report, Section, Table, Tile, Tiles, Words, percent, table
from narrowgauge.experiments.serving_fit import measured_frameworks
from narrowgauge.provenance import Source

if TYPE_CHECKING:
    import pandas as pd

    from narrowgauge.calibration.machine.material import Material


ALL_LIBRARIES = ("all", "")
PERCENTAGES = ("roofline", "physics", "with_residual", "coverage", "noise", "physics_bound", "residual_bound")
HEADS = ("roofline", "physics", "with residual", "in the interval", "noise", "promised, physics", "promised, residual", "kept")
NOMINAL = 0.9
MACHINE = "machine"  # family of the rows about a machine's own numbers


def validate_report(frame: pd.DataFrame, sources: Iterable[Source], command: str) -> Report:
    """The report of a table with the columns of `calibration.report.table`; `sources` are the measured data that it is of."""
    whole = frame[frame["library"].isin(ALL_LIBRARIES)]
    kept = frame["ok"].dropna() if "ok" in frame else frame["library"].iloc[:0]
    sections = (
        Section("The answer", tuple(_answer(frame, whole, [bool(ok) for ok in kept]))),
        Section("Errors of every set", (Picture(validation(frame)), _table(frame))),
        Section("How to read it", tuple(Words(text) for text in READING)),
        Section("Where the numbers come from", (*provenance.command_and_versions(command), provenance.sources(sources))),
    )
    machines = ", ".join(dict.fromkeys(frame["machine"].astype(str)))
    subtitle = f"{int(whole['rows'].sum()):,} measurements; {machines}"
    return Report("Errors on measured data left out of the fit", subtitle, sections)


def measured(found: Material, frame: pd.DataFrame) -> Iterator[Source]:
    """The files behind the errors in `frame`: tables of kernels and of whole models, records of a board."""
    scored = set(zip(frame["machine"], frame["family"], strict=True))
    if found.kernels is not None:
        used = (e for e in data_sets(found.kernels) if any((e.machine, family) in scored for family in e.families))
        for entry in used:
            rows = len(entry.load(found.kernels))
            yield Source(entry.file, entry.sha256(found.kernels), rows, f"{entry.origin}; {entry.machine}")
        for framework in measured_frameworks(found.kernels):
            if framework in set(frame["library"]):
                yield from llm.sources(found.kernels, framework)
    for outcome in found.machines:
        if (outcome.fit.machine, MACHINE) in scored:
            yield from outcome.fit.sources


READING = (
    "Every set was predicted by fits that saw none of the shapes scored: whole groups of shapes are left out in turn. Errors are "
    "means of absolute relative errors of latency; very short kernels, which clocks resolve badly, are not scored.",
    "Roofline is what the datasheet's bandwidth and arithmetic allow. Physics is the calibrated model without learning; the "
    "residual is learned on top of it. Noise is the mean deviation between libraries on the same shapes, what a prediction for "
    "one from another's measurement would miss; of a machine's numbers it is the spread of samples.",
    "In the interval is the share of measurements inside the nominal 90 % interval. Promised are the errors that narrowgauge is "
    "held to: `validate` ends with exit code 1 if one is exceeded.",
)


def _answer(frame: pd.DataFrame, whole: pd.DataFrame, kept: list[bool]) -> Iterator[Block]:
    if kept:
        verdict = "All are kept." if all(kept) else f"{kept.count(False)} of {len(kept)} fall short."
        yield Words(f"{len(kept)} sets have a promised error. {verdict}")
    tiles = [Tile("Promises kept", f"{kept.count(True)} of {len(kept)}")] if kept else []
    for name, title in (("physics", "Error of physics, median"), ("with_residual", "With residual, median")):
        scored = whole[whole[name].notna()] if name in whole else whole.iloc[:0]
        if len(scored):
            worst = scored.sort_values(name).iloc[-1]
            words = f"worst {percent(float(worst[name])).text}: {_set(worst)}"
            tiles.append(Tile(title, percent(float(scored[name].median())).text, words))
    covered = whole["coverage"].dropna().astype(float) if "coverage" in whole else whole["rows"].iloc[:0]
    if len(covered):
        span = f"from {percent(float(covered.min())).text} to {percent(float(covered.max())).text}"
        tiles.append(Tile(f"Inside the nominal {NOMINAL:.0%} interval, median", percent(float(covered.median())).text, span))
    yield Tiles(tuple(tiles))


def _set(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    return " ".join(str(row[name]) for name in ("machine", "family", "precision"))


def _table(frame: pd.DataFrame) -> Table:
    rows = (
        [row["machine"], row["family"], row["precision"], row["library"], int(row["rows"])]
        + [percent(float(row.get(name, float("nan")))) for name in PERCENTAGES]
        + [_verdict(row.get("ok"))]
        for row in frame.to_dict("records")
    )
    return table("Mean absolute errors", ("machine", "kernel", "precision", "library", "rows", *HEADS), rows)


def _verdict(ok: Any) -> Cell:
    return Cell("" if ok is None or ok != ok else "yes" if ok else "no")
