"""From a YAML file to a `Specification`: deltas over a base, energy tables, and every fault of the input in one error.

A file stands on its own or says `base: NAME` and holds only what differs; null takes away what the base has. Energies per
action may come from a table, `energy_table: NAME`. Sources are given by a key into the `sources` table of the same file
or of a file below it. Precedence: the file, its base, the base of that, then the energy table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from narrowgauge.archmodels.catalogue import HARDWARE, Shelf, open_base, open_energy_table, open_specification, shipped
from narrowgauge.archmodels.consistency import contradictions
from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.archmodels.rule import FAULTS, Citation, short
from narrowgauge.archmodels.schema import Section, Sheet, quantities, texts
from narrowgauge.archmodels.yaml_source import YamlSource
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.provenance import Quantity
from narrowgauge.registry import canonical

DIRECTIVES = ("base", "energy_table", "sources")
ENERGY_KEYS = ("title", "sources", "energy_pj")


@dataclass(frozen=True)
class Schema:
    """What a kind of hardware is described by: its fields, and the check of numbers and texts that are fine alone, which gives
    path and fault."""

    sheet: type[Section]
    contradictions: Callable[[Mapping[str, Quantity], Mapping[str, str]], Iterable[tuple[str, str]]]


GPU = Schema(Sheet, lambda numbers, texts: contradictions(numbers))


@dataclass(frozen=True)
class Specification:
    """Hardware as data: every number with its provenance and every text, by dotted path; the files they are from."""

    name: str
    quantities: FrozenMap[Quantity]
    texts: FrozenMap[str]
    files: tuple[str, ...]


def load_specification(name_or_path: str | Path, schema: Schema = GPU, shelf: Shelf = HARDWARE) -> Specification:
    """The specification of a name on a shelf or of a YAML file; raises InputError that holds every fault of the input."""
    name = canonical(str(name_or_path))
    return _shipped(name, schema, shelf) if name in shipped(*shelf.folders) else _load(name_or_path, schema, shelf)


@cache
def _shipped(name: str, schema: Schema, shelf: Shelf) -> Specification:
    return _load(name, schema, shelf)


def _load(name_or_path: str | Path, schema: Schema, shelf: Shelf) -> Specification:
    files = list(chain(open_specification(name_or_path, shelf)))
    problems = [problem for source in files for problem in _directive_problems(source)]
    if problems:
        raise InputError(problems)
    sources = [*files, *_energy_table(files)]
    sheet = _validated(sources, schema)
    numbers, words = FrozenMap(quantities(sheet)), FrozenMap(texts(sheet))
    problems = [Problem(_place(sources, path.split(".")), what) for path, what in schema.contradictions(numbers, words)]
    if problems:
        raise InputError(problems)
    return Specification(Path(files[0].label).stem, numbers, words, tuple(source.label for source in sources))


def _validated(sources: Sequence[YamlSource], schema: Schema) -> Section:
    """The files joined, the first above the others, and checked against the schema."""
    merged: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for source in reversed(sources):
        keys = {**keys, **source.tree.get("sources", {})}
        merged = _merge(merged, _cited(source.tree, keys))
    body = {key: entry for key, entry in merged.items() if key not in DIRECTIVES}
    try:
        return schema.sheet.model_validate(body, context={"source_keys": tuple(keys)})
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise InputError(problem for fault in faults for problem in _problems(fault, sources, schema.sheet)) from error


def chain(source: YamlSource) -> Iterator[YamlSource]:
    """A file, its base, the base of that, …"""
    seen: list[str] = []
    while True:
        seen.append(str(source.path))
        yield source
        if source.tree.get("base") is None:
            return
        referring, source = source, _referred(source, "base", "hardware", open_base)
        if str(source.path) in seen:
            what = f"'{referring.tree['base']}' leads back to a file that builds on this one"
            raise InputError([Problem(_place([referring], ["base"]), what)])


def _energy_table(files: Sequence[YamlSource]) -> list[YamlSource]:
    """The table of energies that the chain names, as a list of none or one."""
    source = next((source for source in files if source.tree.get("energy_table") is not None), None)
    if source is None:
        return []
    table = _referred(source, "energy_table", "energy table", open_energy_table)
    unknown = [key for key in table.tree if key not in ENERGY_KEYS]
    problems = [Problem(_place([table], [key]), f"unknown key, {nearest(key, ENERGY_KEYS)}") for key in unknown]
    problems += _directive_problems(table)
    if problems:
        raise InputError(problems)
    return [replace(table, tree={key: entry for key, entry in table.tree.items() if key != "title"})]


def _referred(source: YamlSource, directive: str, kind: str, open_named: Callable[[str, YamlSource], YamlSource]) -> YamlSource:
    """The file that a directive of `source` names; a fault in opening it is placed at the directive."""
    name = source.tree[directive]
    if not isinstance(name, str):
        raise InputError([Problem(_place([source], [directive]), f"{name!r} is not the name of {kind} or of a file")])
    try:
        return open_named(name, source)
    except InputError as error:
        where = _place([source], [directive])
        raise InputError(Problem(where, str(problem)) for problem in error.problems) from error


def _directive_problems(source: YamlSource) -> Iterator[Problem]:
    table = source.tree.get("sources", {})
    if not isinstance(table, dict):
        yield Problem(_place([source], ["sources"]), "must be a table of key: citation")
        return
    for key, citation in table.items():
        if not isinstance(key, str) or not isinstance(citation, str) or not citation.strip():
            yield Problem(_place([source], ["sources", key]), f"{citation!r} is not a citation")


def _cited(tree: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """The tree of one file, with the keys of its sources replaced by what they stand for in that file."""

    def cite(entry: Any) -> Any:
        match entry:
            case dict():
                return {key: cite(below) for key, below in entry.items()}
            case [value, unit, kind, str(source), *note] if source in keys:
                return [value, unit, kind, Citation(keys[source]), *note]
        return entry

    return {section: body if section == "sources" else cite(body) for section, body in tree.items()}


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings joined key by key; where both hold a plain entry, `above` wins."""
    joined = dict(below)
    for key, entry in above.items():
        old = joined.get(key)
        joined[key] = _merge(old, entry) if isinstance(old, dict) and isinstance(entry, dict) else entry
    return joined


def _place(sources: Sequence[YamlSource], keys: Sequence[Any]) -> str:
    """`file:line: dotted.path` in the first file that holds the keys, else in the first file of all."""
    names = [str(key) for key in keys]
    source = next((source for source in sources if source.has(names)), sources[0])
    return f"{source.label}:{source.line_of(names)}: {'.'.join(names)}"


def _problems(fault: ErrorDetails, sources: Sequence[YamlSource], sheet: type[Section]) -> Iterator[Problem]:
    """One fault that pydantic found, in the user's words."""
    keys = [str(key) for key in fault["loc"]]
    where = _place(sources, keys)
    match fault["type"]:
        case kind if kind == FAULTS:
            yield from (Problem(where, what) for what in fault["ctx"]["faults"])
        case "missing":
            yield Problem(where, "is missing")
        case "extra_forbidden":
            known = _fields(sheet, keys[:-1])
            yield Problem(where, f"unknown key, {nearest(keys[-1], known if len(keys) > 1 else [*known, *DIRECTIVES])}")
        case "model_type" | "model_attributes_type":
            yield Problem(where, f"is {short(fault['input'])}, must be a section with the keys {', '.join(_fields(sheet, keys))}")
        case "string_pattern_mismatch":
            yield Problem(where, f"is {short(fault['input'])}, must look like sm80")
        case _:
            yield Problem(where, f"is {short(fault['input'])}: {fault['msg']}")


def _fields(sheet: type[Section], keys: Sequence[str]) -> list[str]:
    """Names of the fields of a section."""
    section: Any = sheet
    for key in keys:
        section = section.model_fields[key].annotation
    return list(section.model_fields) if isinstance(section, type) and issubclass(section, Section) else []
