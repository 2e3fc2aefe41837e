"""The hardware that a command line describes: a name or file, fits, what-if numbers, other units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from narrowgauge.cli import voice

if TYPE_CHECKING:
    from narrowgauge.archmodels import Hardware


def hardware(
    name: str, fits: Path | None = None, overrides: tuple[str, ...] = (), replacements: tuple[str, ...] = ()
) -> Hardware:
    """The machine of a name or YAML file, with the user's fits, what-if overrides (`PATH=VALUE`) and other units (`SLOT=UNIT`) if
    there are any.

    Raises InputError that holds every fault of the overrides, for fits of a machine that is not fitted and for unknown units."""
    from narrowgauge.archmodels import Machine, load_machine
    from narrowgauge.errors import InputError

    machine = load_machine(name)
    if fits is not None:
        if not isinstance(machine, Machine):
            raise InputError(f"--fits: {machine.name} is no GPU and is priced without fits")
        machine = machine.with_fits(fits)
    changed = _overridden(machine, overrides) if overrides else machine
    for text in replacements:
        changed = _replaced(changed, text)
    voice.detail(f"hardware {changed.name}: {_layers(changed)}")
    return changed


def _replaced(machine: Hardware, text: str) -> Hardware:
    from narrowgauge.archmodels import Machine
    from narrowgauge.errors import InputError, Problem

    slot, equals, unit = (part.strip() for part in text.partition("="))
    if not equals or not unit:
        raise InputError([Problem("--replace", f"is '{text}', write SLOT=UNIT, for instance tensor_core=lut-8x")])
    if not isinstance(machine, Machine):
        raise InputError([Problem("--replace", f"{machine.name} is no GPU; only a GPU has units that another can replace")])
    return machine.replace_unit(slot, unit)


def _layers(machine: Hardware) -> str:
    """Where a machine's numbers come from, in words."""
    from narrowgauge.archmodels import Machine

    if not isinstance(machine, Machine):
        return "no GPU, from specifications and timing tables"
    counts = [(len(layer.quantities), layer.name) for layer in machine.layers if layer.quantities]
    words = ", ".join(f"{count} number{'s' if count > 1 else ''} of the {name}" for count, name in counts)
    return f"{words}; fits of kernels: {f'{machine.fits}, then ' if machine.fits else ''}the shipped ones"


def _overridden(machine: Hardware, texts: tuple[str, ...]) -> Hardware:
    from narrowgauge.errors import InputError, Problem

    problems: list[Problem] = []
    values: dict[str, float] = {}
    for text in texts:
        path, _, number = (part.strip() for part in text.partition("="))
        try:
            values[path] = float(number)
        except ValueError:
            problems.append(Problem("--override", f"is '{text}', write PATH=VALUE with a number for VALUE"))
    try:
        changed = machine.with_(**values)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    return changed
