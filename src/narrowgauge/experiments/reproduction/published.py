"""The published figures of a paper, from the YAML file beside its experiment.

    paper: title, authors, venue
    source: citation, repository and commit
    note: what the paper leaves unspecified, what does not fit and why                       (optional)
    tables:
      cycles:
        where: results of the artifact
        tag: S
        tolerance: exact            # or 0.1 | {absolute: 1.5} | {mean: 0.15} | qualitative
        ordering: precision         # the prediction sorts the values of this option as the paper does   (optional)
        note: …                                                                               (optional)
        columns: [model, precision, cycles]
        rows:
          - [opt-1.3b, fp16, 669255680]

A column is an option of the case or a measure. A published figure may be null (not given) or `refused`: the configuration does
not run (out of memory, no such instruction), and the prediction must say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narrowgauge.archmodels.yaml_source import YamlSource, read_yaml
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.reproduction.contract import Case, Experiment, Tag, Value
from narrowgauge.experiments.reproduction.tolerance import Tolerance, read_tolerance

REFUSED = "refused"
TOP = ("paper", "source", "note", "tables")
TABLE = ("where", "tag", "tolerance", "ordering", "note", "columns", "rows")


@dataclass(frozen=True)
class Table:
    """Figures that were published together and are held to one tolerance. `rows`: case, and figures by measure."""

    name: str
    where: str
    tag: Tag
    tolerance: Tolerance
    ordering: str | None
    note: str
    rows: tuple[tuple[Case, Mapping[str, float | str | None]], ...]


@dataclass(frozen=True)
class Paper:
    """The published side of an experiment."""

    title: str
    source: str
    note: str
    tables: tuple[Table, ...]


def read_published(experiment: Experiment, path: Path) -> Paper:
    """The published figures; raises InputError that holds every fault of the file."""
    source = read_yaml(path, path.name)
    problems = [_fault(source, [key], f"unknown key, {nearest(key, TOP)}") for key in source.tree if key not in TOP]
    problems += [_fault(source, [key], "is missing") for key in ("paper", "source", "tables") if not source.tree.get(key)]
    tables: list[Table] = []
    for name, body in (source.tree.get("tables") or {}).items():
        try:
            tables.append(_table(experiment, name, body))
        except InputError as error:
            problems += [_fault(source, ["tables", name], str(problem)) for problem in error.problems]
    if problems:
        raise InputError(problems)
    return Paper(source.tree["paper"], source.tree["source"], source.tree.get("note", ""), tuple(tables))


def _fault(source: YamlSource, keys: list[str], what: str) -> Problem:
    return Problem(f"{source.label}:{source.line_of(keys)}: {'.'.join(keys)}", what)


def _table(experiment: Experiment, name: str, body: Mapping[str, Any]) -> Table:
    problems = [Problem(key, f"unknown key, {nearest(key, TABLE)}") for key in body if key not in TABLE]
    problems += [
        Problem(key, "is missing") for key in ("where", "tag", "tolerance", "columns", "rows") if body.get(key) in (None, [])
    ]
    if problems:
        raise InputError(problems)
    columns, known = body["columns"], {*experiment.options, *experiment.measures}
    problems = [Problem("columns", f"unknown column '{c}', {nearest(str(c), sorted(known))}") for c in columns if c not in known]
    ordering = body.get("ordering")
    if ordering is not None and ordering not in columns:
        problems.append(Problem("ordering", f"given {ordering!r}; {nearest(str(ordering), columns)}"))
    if body["tag"] not in tuple(Tag):
        problems.append(Problem("tag", f"given {body['tag']!r}, allowed: {', '.join(Tag)}"))
    problems += [
        Problem("rows", f"{row} has {len(row)} entries for {len(columns)} columns")
        for row in body["rows"]
        if len(row) != len(columns)
    ]
    if problems:
        raise InputError(problems)
    rows = tuple(_row(experiment, dict(zip(columns, row, strict=True))) for row in body["rows"])
    tolerance = read_tolerance(body["tolerance"])
    return Table(name, body["where"], Tag(body["tag"]), tolerance, ordering, body.get("note", ""), rows)


def _row(experiment: Experiment, entries: Mapping[str, Any]) -> tuple[Case, Mapping[str, float | str]]:
    options: dict[str, Value] = {name: value for name, value in entries.items() if name in experiment.options}
    figures = {name: value for name, value in entries.items() if name in experiment.measures and value is not None}
    wrong = [
        Problem(name, f"{value!r} is neither a number nor '{REFUSED}'")
        for name, value in figures.items()
        if not isinstance(value, int | float) and value != REFUSED
    ]
    if wrong:
        raise InputError(wrong)
    return experiment.make_case(**options), figures
