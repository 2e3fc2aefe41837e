"""The parameters that a sweep may vary: the arguments of `predict` by the names of its options, slots of the machine that another
unit may fill, and specification paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from narrowgauge.archmodels import load_machine
from narrowgauge.archmodels.machine import SLOTS
from narrowgauge.archmodels.schema import rules
from narrowgauge.archmodels.units.in_sm import in_sm
from narrowgauge.errors import InputError, UnsupportedError, nearest
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.serving import DEFAULT, framework
from narrowgauge.experiments.sweep.expression import ValueKind
from narrowgauge.experiments.sweep.names import closest
from narrowgauge.formats import parse_scheme
from narrowgauge.registry import canonical
from narrowgauge.workloads import read_model
from narrowgauge.workloads.fields import MAX_DIMENSION

#: in a slot: the GPU's own tensor cores
NOTHING = "none"


@dataclass(frozen=True)
class Parameter:
    """One thing to vary. `default` is what a sweep has that does not name it (None: it must). `faults` says what is wrong with a
    value, `spelling` writes it the one way in which results keep it."""

    name: str
    kind: ValueKind
    default: Any
    faults: Callable[[Any], list[str]]
    spelling: Callable[[Any], Any]


def _is_path(text: str) -> bool:
    return any(mark in text for mark in "./\\") and Path(text).exists()


def _text(name: str, default: str | None, read: Callable[[str], Any]) -> Parameter:
    """A parameter whose values are names that `read` knows, or paths of files."""

    def faults(value: Any) -> list[str]:
        if not isinstance(value, str | Path):
            return [f"{value!r} is not a name"]
        try:
            read(str(value))
        except InputError as error:
            return [problem.what if problem.where == name else str(problem) for problem in error.problems]
        except UnsupportedError as error:
            return [str(error)]
        return []

    def spelling(value: Any) -> str:
        return str(value) if _is_path(str(value)) else canonical(str(value))

    return Parameter(name, ValueKind.TEXT, default, faults, spelling)


def _size(name: str, default: int) -> Parameter:
    def faults(value: Any) -> list[str]:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
        if whole and 1 <= value <= MAX_DIMENSION:
            return []
        return [f"{value!r}, allowed: a whole number from 1 to {MAX_DIMENSION}"]

    return Parameter(name, ValueKind.NUMBER, default, faults, int)


def _fidelity(name: str) -> Fidelity:
    if name not in tuple(Fidelity):
        raise InputError(f"unknown fidelity '{name}', {nearest(name, tuple(Fidelity))}")
    return Fidelity(name)


@lru_cache(maxsize=256)
def _machine(name: str) -> Any:
    return load_machine(name if canonical(name) == name or not _is_path(name) else Path(name))


def _unit(name: str) -> Any:
    return None if canonical(name) == NOTHING else in_sm(name)


#: in the order in which results show them
PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        _text("model", None, read_model),
        _text("machine", None, _machine),
        *(_text(slot, NOTHING, _unit) for slot in SLOTS),
        _text("scheme", "bf16", parse_scheme),
        _size("tp", 1),
        _text("framework", DEFAULT, framework),
        _text("fidelity", str(Fidelity.ANALYTIC), _fidelity),
        _size("batch", 1),
        _size("input", 1024),
        _size("output", 128),
    )
}
#: parameters that are whole numbers
WHOLE = tuple(name for name, parameter in PARAMETERS.items() if parameter.kind is ValueKind.NUMBER)


def override(path: str) -> Parameter:
    """The parameter of a specification path. Raises InputError that names the nearest one."""
    if path not in rules():
        hint = closest(path, rules(), "`narrowgauge show MACHINE` prints all of them")
        raise InputError(f"unknown parameter, {hint}")
    return Parameter(path, ValueKind.NUMBER, None, rules()[path].faults_of_value, float)
