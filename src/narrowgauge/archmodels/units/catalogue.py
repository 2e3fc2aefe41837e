"""The units that ship with narrowgauge, and how a name or a path becomes a unit.

A specification names its class by the key `unit`: `unit: systolic` is the one subclass of `Unit` in `units/systolic.py`. A file
may build on another, `base: NAME`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from narrowgauge.archmodels.catalogue import UNIT, open_specification, shipped
from narrowgauge.archmodels.specification import chain, load_specification
from narrowgauge.archmodels.units.unit import Unit
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical

PACKAGE = "narrowgauge.archmodels.units"
KEY = "unit"


def unit_names() -> tuple[str, ...]:
    """The names of units that ship."""
    return shipped(*UNIT.folders)


def load_unit(name_or_path: str | Path) -> Unit:
    """The unit of a name, or of a YAML specification; raises InputError that holds every fault of the input."""
    name = canonical(str(name_or_path))
    return _shipped(name) if name in unit_names() else _load(name_or_path)


@cache
def kinds() -> tuple[str, ...]:
    """The words that `unit` may say: the modules that hold a class of units."""
    modules = sorted(item.name.removesuffix(".py") for item in files(PACKAGE).iterdir() if item.name.endswith(".py"))
    return tuple(name for name in modules if not name.startswith("_") and _classes(name))


@cache
def _shipped(name: str) -> Unit:
    return _load(name)


def _load(name_or_path: str | Path) -> Unit:
    source = open_specification(name_or_path, UNIT)
    said = next((file for file in chain(source) if KEY in file.tree), None)
    kind = said.tree[KEY] if said else None
    if not isinstance(kind, str) or kind not in kinds():
        place = said or source
        what = f"is {kind!r}, {nearest(str(kind), kinds())}" if said else f"is missing, allowed: {', '.join(kinds())}"
        raise InputError([Problem(f"{place.label}:{place.line_of([KEY])}: {KEY}", what)])
    (made,) = _classes(kind)
    return made(load_specification(name_or_path, made.schema, UNIT))


def _classes(module: str) -> list[type[Unit]]:
    """The classes of units that a module defines."""
    found = vars(import_module(f"{PACKAGE}.{module}")).values()
    units = (item for item in found if isinstance(item, type) and issubclass(item, Unit) and hasattr(item, "schema"))
    return [item for item in units if item.__module__ == f"{PACKAGE}.{module}"]
