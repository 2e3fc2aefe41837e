"""From YAML to a `Standard`: deltas over a base, what-if timings, every fault of the input in one error with its line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.provenance import Kind, Quantity
from narrowgauge.registry import canonical
from narrowgauge.sim.dram import consistency, rows
from narrowgauge.sim.dram.overrides import apply_overrides
from narrowgauge.sim.dram.standard import EnergySheet, Organisation, Standard, in_cycles

PROTOCOL = "protocol"
SECTIONS = (
    "title",
    "base",
    "sources",
    "organisation",
    "timing",
    "commands",
    "requests",
    "constraints",
    "controller",
    "pim",
    "energy",
)
UNITS = {"timing": ("cycle", "ns", "ps"), "organisation": ("count", "B", "bit"), "pim": ("count", "B", "row")}


@dataclass(frozen=True)
class Sheet:
    """One YAML file: its tree, and where its keys stand."""

    label: str
    tree: Mapping[str, Any]

    def place(self, *keys: str) -> str:
        """`file:line: path` of the deepest of the keys that the file holds."""
        node, line = self.tree, 0
        for key in keys:
            if not isinstance(node, dict) or key not in node:
                break
            line = node.lc.key(key)[0] if hasattr(node, "lc") else line
            node = node[key]
        return f"{self.label}:{line + 1}: {'.'.join(keys)}"


@cache
def standard_names() -> tuple[str, ...]:
    """Every name that `load_standard` knows, sorted."""
    names = (entry.name.removesuffix(".yaml") for entry in _folder().iterdir() if entry.name.endswith(".yaml"))
    return tuple(sorted(name for name in names if name != PROTOCOL))


def load_standard(name: str, overrides: Mapping[str, str | int | float] | None = None) -> Standard:
    """The tables of a standard, with what-if timings (`nRP`, `tRP`: cycles; `tRP_ns`: ns; `tCK`: ps).

    Raises InputError for an unknown name or timing, and for tables that no device can obey."""
    standard = _shipped(canonical(name))
    return apply_overrides(standard, overrides, rebuild) if overrides else standard


@cache
def _shipped(name: str) -> Standard:
    if name not in standard_names():
        raise InputError(f"unknown memory '{name}'; {nearest(name, standard_names())}")
    sheets = list(_chain(name))
    return build(name, sheets)


def build(name: str, sheets: list[Sheet]) -> Standard:
    """A standard from its own sheet and those below it, the first above the others; raises InputError."""
    problems = [
        Problem(sheet.place(key), f"unknown key, {nearest(key, SECTIONS)}") for sheet in sheets for key in _strange(sheet)
    ]
    quantities: dict[str, Quantity] = {}
    for section in UNITS:
        for key, sheet in _merged(sheets, section).items():
            outcome = _quantity(sheet, (section, key), UNITS[section], sheets)
            if isinstance(outcome, Quantity):
                quantities[f"{section}.{key}"] = outcome
            else:
                problems.append(outcome)
    problems += _missing(sheets[0], quantities)
    energy = _energy(sheets, problems)
    if problems:
        raise InputError(problems)
    tck_ps = int(quantities["timing.tCK"].value)
    timing = {path.split(".")[1]: in_cycles(entry, tck_ps) for path, entry in quantities.items() if path.startswith("timing.n")}
    organisation = Organisation(**{key: int(quantities[f"organisation.{key}"].value) for key in Organisation.__annotations__})
    return rebuild(
        Standard(
            name=name,
            title=str(_first(sheets, "title")),
            tck_ps=tck_ps,
            organisation=organisation,
            timing=MappingProxyType(timing),
            commands={},
            requests={},
            constraints=(),
            pim=MappingProxyType({path[4:]: int(entry.value) for path, entry in quantities.items() if path.startswith("pim.")}),
            controller=MappingProxyType(_plain(sheets, "controller")),
            energy=energy,
            quantities=MappingProxyType(quantities),
        ),
        rows.read(sheets),
    )


def rebuild(standard: Standard, tables: rows.Rows | None = None) -> Standard:
    """The standard with its latencies computed from its timings; raises InputError for impossible tables."""
    made = rows.resolve(standard, tables or rows.of(standard))
    problems = list(consistency.contradictions(made))
    if problems:
        raise InputError(problems)
    return made


def _folder() -> Any:
    return files("narrowgauge.sim.dram").joinpath("standards")


def _chain(name: str) -> Iterator[Sheet]:
    """The sheet of a name, its base, …, and the protocol that all share."""
    from ruamel.yaml import YAML

    while True:
        yield (sheet := Sheet(f"standards/{name}.yaml", YAML().load(_folder().joinpath(f"{name}.yaml").read_text())))
        if name == PROTOCOL:
            return
        name = str(sheet.tree.get("base", PROTOCOL))


def _strange(sheet: Sheet) -> list[str]:
    return [key for key in sheet.tree if key not in SECTIONS]


def _first(sheets: list[Sheet], key: str) -> Any:
    return next(sheet.tree[key] for sheet in sheets if key in sheet.tree)


def _merged(sheets: list[Sheet], section: str) -> dict[str, Sheet]:
    """The keys of a section and the sheet in which each counts; null takes a key away."""
    found: dict[str, Sheet] = {}
    for sheet in reversed(sheets):
        for key, entry in (sheet.tree.get(section) or {}).items():
            found.pop(key, None)
            if entry is not None:
                found[key] = sheet
    return found


def _plain(sheets: list[Sheet], section: str) -> dict[str, Any]:
    return {key: sheet.tree[section][key] for key, sheet in _merged(sheets, section).items()}


def _quantity(sheet: Sheet, path: tuple[str, ...], units: tuple[str, ...], sheets: list[Sheet]) -> Quantity | Problem:
    """`[value, unit, kind, source]` or with a note; the source is a key of `sources` in the file or below it."""
    entry: Any = sheet.tree
    for key in path:
        entry = entry[key]
    sources = {key: words for below in reversed(sheets) for key, words in below.tree.get("sources", {}).items()}
    notation = "write [value, unit, kind, source] or [value, unit, kind, source, note]"
    match list(entry) if isinstance(entry, list) else entry:
        case [int() | float() as value, str(unit), str(kind), str(source), *note] if len(note) <= 1:
            if unit not in units:
                return Problem(sheet.place(*path), f"unit '{unit}' does not fit, {nearest(unit, units)}")
            if kind not in tuple(Kind):
                return Problem(sheet.place(*path), f"unknown kind '{kind}', {nearest(kind, list(Kind))}")
            if source not in sources:
                return Problem(
                    sheet.place(*path), f"source '{source}' is not in the table of sources, {nearest(source, sources)}"
                )
            if not math.isfinite(value) or value < 0:
                return Problem(sheet.place(*path), f"is {value}, must be a number from 0")
            return Quantity(value, unit, sources[source], Kind(kind), note[0] if note else "")
    return Problem(sheet.place(*path), f"is {entry!r}, {notation}")


def _missing(sheet: Sheet, quantities: Mapping[str, Quantity]) -> Iterator[Problem]:
    needed = ["timing.tCK", *(f"organisation.{key}" for key in Organisation.__annotations__)]
    yield from (Problem(sheet.place(*path.split(".")), "is missing") for path in needed if path not in quantities)


def _energy(sheets: list[Sheet], problems: list[Problem]) -> EnergySheet:
    tables: dict[str, dict[str, Quantity]] = {"command_pj": {}, "currents": {}, "relative": {}, "background_mw": {}}
    reasons = {"command_unavailable": "", "background_unavailable": ""}
    units = {
        "command_pj": ("pJ", "pJ/bank"),
        "currents": ("mA", "V"),
        "relative": ("ACT", "RD", "WR"),
        "background_mw": ("mW",),
    }
    for sheet in reversed(sheets):
        for key, entry in (sheet.tree.get("energy") or {}).items():
            where = sheet.place("energy", key)
            if key in reasons:
                reasons[key] = str(entry or "")
            elif key not in tables:
                problems.append(Problem(where, f"unknown key, {nearest(key, [*tables, *reasons])}"))
            elif entry is None:
                tables[key].clear()
            else:
                for name in entry:
                    tables[key].pop(name, None)
                    if entry[name] is not None:
                        outcome = _quantity(sheet, ("energy", key, name), units[key], sheets)
                        if isinstance(outcome, Problem):
                            problems.append(outcome)
                        else:
                            tables[key][name] = outcome
    return EnergySheet(
        tables["command_pj"],
        tables["currents"],
        tables["relative"],
        tables["background_mw"],
        reasons["command_unavailable"],
        reasons["background_unavailable"],
    )
