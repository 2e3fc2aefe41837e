"""Runs an experiment over its published cases, or variants of them, and sets predicted beside published."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations, groupby
from statistics import fmean
from typing import Any

from narrowgauge.errors import InputError, NarrowgaugeError
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.reproduction.contract import Case, Experiment, Value
from narrowgauge.experiments.reproduction.published import REFUSED, Paper, Table
from narrowgauge.experiments.reproduction.tolerance import Rule

ALIKE = 0.02  # published figures that are closer than this are in no order


@dataclass(frozen=True)
class Row:
    """One figure. `published` is None for a case beyond the paper; `predicted` is None where the configuration is refused, for
    the reason in `note`; `ok` is None where there is nothing to compare with and where the table is judged by its mean.

    `error` is relative. For a summary row (`measure` "mean error", "ordering") `predicted` is the mean absolute error, or the
    pairs in the right order of the `published` ones."""

    paper: str
    table: str
    claim: str
    measure: str
    unit: str
    case: Mapping[str, Value]
    published: float | str | None
    predicted: float | None
    low: float | None
    high: float | None
    error: float | None
    tolerance: str
    ok: bool | None
    tag: str
    where: str
    note: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


Prediction = Mapping[str, float | Estimate] | NarrowgaugeError


def compare(experiment: Experiment, paper: Paper, **changes: Value) -> list[Row]:
    """A row for every figure of every published case, with `changes` to its options; figures of a changed case that was
    published too are compared all the same. Raises InputError for unknown options, and for values with which no case can run."""
    experiment.make_case(**changes)
    known: dict[Case, Prediction] = {}
    found: list[Row] = []
    for table in paper.tables:
        rows = list(_rows(experiment, _changed(experiment, table, changes), known))
        found += rows + _summaries(table, rows)
    if changes:
        _refuse_values(known.values())
    return _without_repeats(found)


def _changed(experiment: Experiment, table: Table, changes: Mapping[str, Value]) -> Table:
    """The table with other cases; figures are those of the paper for the same case, unknown (None) elsewhere."""
    if not changes:
        return table
    read = {name: experiment.options[name].read(value) for name, value in changes.items()}
    published = dict(table.rows)
    rows: dict[Case, dict[str, Any]] = {}
    for case, figures in table.rows:
        other = replace(case, **read)
        rows.setdefault(other, {}).update(published.get(other, dict.fromkeys(figures)))
    return replace(table, rows=tuple(rows.items()))


def _rows(experiment: Experiment, table: Table, known: dict[Case, Prediction]) -> Iterator[Row]:
    shown = _varied(experiment, table)
    for case, figures in table.rows:
        if case not in known:
            known[case] = _predict(experiment, case)
        prediction = known[case]
        for measure, published in figures.items():
            if published is None and not isinstance(prediction, NarrowgaugeError) and measure not in prediction:
                continue  # a case beyond the paper that does not have this figure
            yield _row(experiment, table, case, shown, measure, published, prediction)


def _refuse_values(predictions: Collection[Prediction]) -> None:
    """Raises InputError where every case calls its input wrong: a misspelt name is no finding."""
    faults = [prediction.problems for prediction in predictions if isinstance(prediction, InputError)]
    if faults and len(faults) == len(predictions):
        raise InputError(dict.fromkeys(problem for problems in faults for problem in problems))


def _predict(experiment: Experiment, case: Case) -> Prediction:
    try:
        return experiment.predict(case)
    except NarrowgaugeError as error:
        return error


def _varied(experiment: Experiment, table: Table) -> list[str]:
    """The options that tell the cases of a table apart or differ from their defaults: what a claim names."""
    return [
        name
        for name, option in experiment.options.items()
        if any(getattr(case, name) != option.default for case, _ in table.rows) or name == "model"
    ]


def _row(
    experiment: Experiment,
    table: Table,
    case: Case,
    shown: list[str],
    measure: str,
    published: float | str | None,
    prediction: Prediction,
) -> Row:
    refused = isinstance(prediction, NarrowgaugeError)
    figure = None if isinstance(prediction, NarrowgaugeError) else prediction.get(measure)
    interval = figure if isinstance(figure, Estimate) else None
    predicted = None if figure is None else float(interval.value if interval else figure)  # type: ignore[arg-type]
    comparable = isinstance(published, int | float) and predicted is not None
    error = predicted / published - 1.0 if comparable and published else None  # type: ignore[operator]
    if published is None or (comparable and table.tolerance.of_tables):
        ok = None
    elif published == REFUSED:
        ok = refused
    else:
        ok = comparable and table.tolerance.holds(float(published), float(predicted))  # type: ignore[arg-type]
    return Row(
        paper=experiment.name,
        table=table.name,
        claim=", ".join([measure.replace("_", " "), *(_words(name, getattr(case, name)) for name in shown)]),
        measure=measure,
        unit=experiment.measures[measure].unit,
        case={name: getattr(case, name) for name in experiment.options},
        published=published,
        predicted=predicted,
        low=float(interval.low) if interval else None,
        high=float(interval.high) if interval else None,
        error=error,
        tolerance=str(table.tolerance),
        ok=ok,
        tag=str(table.tag),
        where=table.where,
        note=str(prediction).replace("\n", "; ") if refused else table.note,
    )


def _words(option: str, value: Value) -> str:
    word = option.replace("_", " ")
    return (value or f"no {word}") if isinstance(value, str) else f"{word} {value:g}"


def _summaries(table: Table, rows: list[Row]) -> list[Row]:
    """The mean error of a table that is held to one, and whether the prediction orders it as the paper does."""
    compared = [row for row in rows if row.error is not None]
    if not compared:
        return []
    made: list[Row] = []
    base = replace(compared[0], case={}, low=None, high=None, published=None, error=None, unit="", note=table.note)
    if table.tolerance.of_tables:
        mean = fmean(abs(row.error or 0.0) for row in compared)
        complete = all(row.ok for row in rows if row.ok is not None)
        claim, ok = f"mean error of {table.name}, {len(compared)} figures", complete and mean <= table.tolerance.limit
        made.append(replace(base, claim=claim, measure="mean error", predicted=mean, ok=ok))
    if table.ordering is not None:
        right, pairs = _ordered(table.ordering, compared)
        if pairs:
            claim = f"order of {table.ordering} in {table.name}"
            made.append(
                replace(
                    base,
                    claim=claim,
                    measure="ordering",
                    published=float(pairs),
                    predicted=float(right),
                    error=right / pairs - 1.0,
                    tolerance=str(Rule.EXACT),
                    ok=right == pairs,
                )
            )
    return made


def _ordered(option: str, rows: list[Row]) -> tuple[int, int]:
    """Pairs of figures that differ in that option alone: those in the published order, and all of them."""

    def rest(row: Row) -> str:
        return repr((row.measure, sorted((name, str(value)) for name, value in row.case.items() if name != option)))

    right = pairs = 0
    for _, group in groupby(sorted(rows, key=rest), key=rest):
        for a, b in combinations(list(group), 2):
            before, after = float(a.published or 0.0), float(b.published or 0.0)
            if abs(before - after) > ALIKE * max(before, after):
                pairs += 1
                right += (before < after) == ((a.predicted or 0.0) < (b.predicted or 0.0))
    return right, pairs


def _without_repeats(rows: list[Row]) -> list[Row]:
    """Changed options may turn several published cases, of several tables, into one."""
    seen: dict[str, Row] = {}
    for row in rows:
        key = repr((row.measure, row.claim, sorted(row.case.items()))) if row.published is None and row.case else repr(row)
        seen.setdefault(key, row)
    return list(seen.values())
