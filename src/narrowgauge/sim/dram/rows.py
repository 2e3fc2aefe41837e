"""The rows of a standard: commands, requests and constraints of the protocol and the files above it, and their latencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.sim.dram.expression import cycles, names
from narrowgauge.sim.dram.standard import BankSet, Bus, Command, Constraint, Effect, Level, RequestKind, Standard

if TYPE_CHECKING:
    from narrowgauge.sim.dram.loading import Sheet

ENUMS: dict[str, Any] = {"level": Level, "bus": Bus, "effect": Effect, "banks": BankSet}
BUSES = {"ROW": Bus.ROW, "COLUMN": Bus.COLUMN}


@dataclass(frozen=True)
class Rows:
    """Rows before their latencies are known: `requests` and `constraints` carry expressions."""

    commands: Mapping[str, Command]
    requests: Mapping[str, tuple[RequestKind, str]]
    constraints: tuple[Constraint, ...]


def read(sheets: Sequence[Sheet]) -> Rows:
    """The rows of the sheets, the last being the protocol; raises InputError that holds every faulty row."""
    problems: list[Problem] = []
    commands: dict[str, Command] = {}
    requests: dict[str, tuple[RequestKind, str]] = {}
    constraints: list[Constraint] = []
    for sheet in reversed(sheets):
        added, removed = _delta(sheet, "commands")
        for name in removed:
            commands.pop(name, None)
            constraints = [kept for row in constraints for kept in _without(row, name)]
        for name, entry in added.items():
            _collect(problems, sheet, ("commands", name), lambda n=name, e=entry: commands.update({n: _command(n, e)}))
        added, _ = _delta(sheet, "requests")
        for name, entry in added.items():
            _collect(problems, sheet, ("requests", name), lambda n=name, e=entry: requests.update({n: _request(n, e, commands)}))
        added, removed = _delta(sheet, "constraints")
        for name in removed:
            if name not in [row.name for row in constraints]:
                known = [row.name for row in constraints]
                problems.append(Problem(sheet.place("constraints"), f"cannot remove '{name}'; {nearest(name, known)}"))
            constraints = [row for row in constraints if row.name != name]
        for entry in added:
            _collect(problems, sheet, ("constraints",), lambda e=entry, kept=constraints: kept.append(_constraint(e, commands)))
    if problems:
        raise InputError(problems)
    return Rows(commands, requests, tuple(constraints))


def of(standard: Standard) -> Rows:
    """The rows of a standard, to be resolved again with other timings."""
    done = {name: (kind, kind.done) for name, kind in standard.requests.items()}
    return Rows(standard.commands, done, standard.constraints)


def resolve(standard: Standard, tables: Rows) -> Standard:
    """The standard with these rows, each latency in cycles; raises InputError for unknown timing names and negative times."""
    problems: list[Problem] = []

    def value(what: str, expression: str, *, least: int = 0) -> int:
        unknown = [word for word in names(expression) if word not in standard.timing]
        if unknown:
            problems.extend(
                Problem(f"{standard.name}: {what}", f"unknown timing '{word}'; {nearest(word, standard.timing)}")
                for word in unknown
            )
            return 0
        return max(cycles(expression, standard.timing), least)

    constraints = tuple(replace(row, latency_cycles=value(row.name, row.latency)) for row in tables.constraints)
    requests = {name: replace(kind, done_cycles=value(name, done)) for name, (kind, done) in tables.requests.items()}
    if problems:
        raise InputError(problems)
    return replace(
        standard, commands=MappingProxyType(dict(tables.commands)), requests=MappingProxyType(requests), constraints=constraints
    )


def _delta(sheet: Sheet, section: str) -> tuple[Any, list[str]]:
    """What a sheet adds and removes: the protocol lists rows directly, a standard says `add` and `remove`."""
    entry = sheet.tree.get(section)
    if entry is None:
        return ({}, []) if section != "constraints" else ([], [])
    if isinstance(entry, list) or not set(entry) <= {"add", "remove"}:
        return entry, []
    empty: Any = [] if section == "constraints" else {}
    return entry.get("add", empty), list(entry.get("remove", []))


def _collect(problems: list[Problem], sheet: Sheet, path: tuple[str, ...], make: Any) -> None:
    try:
        make()
    except (ValueError, KeyError, TypeError) as error:
        problems.append(Problem(sheet.place(*path), str(error)))


def _command(name: str, entry: Mapping[str, Any]) -> Command:
    chosen: dict[str, Any] = {}
    for field, allowed in ENUMS.items():
        given = str(entry[field])
        choices: dict[str, Any] = {member.name.lower() if field == "level" else str(member): member for member in allowed}
        if given not in choices:
            raise ValueError(f"{field} '{given}' is unknown, {nearest(given, choices)}")
        chosen[field] = choices[given]
    return Command(name=name, buffer=int(entry.get("buffer", 0)), **chosen)


def _request(name: str, entry: Mapping[str, Any], commands: Mapping[str, Command]) -> tuple[RequestKind, str]:
    for role in ("column", "open", "close"):
        if role in entry and entry[role] not in commands:
            raise ValueError(f"{role} names the unknown command '{entry[role]}', {nearest(entry[role], commands)}")
    done = str(entry["done"])
    return RequestKind(name, entry["column"], entry.get("open"), entry.get("close"), done, 0), done


def _constraint(entry: Mapping[str, Any], commands: Mapping[str, Command]) -> Constraint:
    scope = Level[str(entry["scope"]).upper()]
    before, after = (tuple(str(word) for word in entry[side]) for side in ("before", "after"))
    for word in (*before, *after):
        if word not in commands and word not in BUSES:
            raise ValueError(f"unknown command '{word}', {nearest(word, [*commands, *BUSES])}")
        if word in commands and commands[word].level < scope:
            level = commands[word].level.name.lower()
            raise ValueError(f"{word} is addressed to a {level}, so it cannot stand in a row of scope {scope.name.lower()}")
    names(entry["latency"])
    window, others = int(entry.get("window", 1)), bool(entry.get("others", False))
    return Constraint(scope, before, after, str(entry["latency"]), 0, window, others)


def _without(row: Constraint, command: str) -> Iterator[Constraint]:
    """The row without a command that the standard does not have; nothing where it was the only one on a side."""
    before, after = (tuple(word for word in side if word != command) for side in (row.before, row.after))
    if before and after:
        yield replace(row, before=before, after=after)


def expand(words: Sequence[str], commands: Mapping[str, Command], scope: Level) -> tuple[str, ...]:
    """Command names, with ROW and COLUMN replaced by the commands of that bus."""
    found: list[str] = []
    for word in words:
        of_bus = [name for name, command in commands.items() if command.bus is BUSES.get(word) and command.level >= scope]
        found += of_bus or [word]
    return tuple(dict.fromkeys(found))
