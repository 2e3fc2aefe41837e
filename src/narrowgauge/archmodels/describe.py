"""A machine as a table: what `show` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from narrowgauge.archmodels.machine import Machine
from narrowgauge.archmodels.override import SPECIFICATION


@dataclass(frozen=True)
class Row:
    """One parameter: what counts, where it comes from, and which layer said so."""

    path: str
    value: float
    unit: str
    kind: str
    source: str
    note: str
    layer: str


@dataclass(frozen=True)
class Description:
    """The texts and numbers of a machine; `unmeasured` are the rows that nobody measured or published."""

    name: str
    texts: Mapping[str, str]
    rows: tuple[Row, ...]

    @property
    def unmeasured(self) -> tuple[Row, ...]:
        """The rows whose number was derived or assumed."""
        return tuple(row for row in self.rows if row.kind in ("derived", "assumed"))


def describe_gpu(machine: Machine) -> Description:
    """Every parameter of a machine; a value that contradicts its specification says by how much."""
    return Description(machine.name, machine.specification.texts, tuple(_row(machine, path) for path in machine.quantities))


def _row(machine: Machine, path: str) -> Row:
    steps = machine.provenance(path)
    layer, quantity = steps[-1]
    notes = [quantity.note] if quantity.note else []
    first_layer, first = steps[0]
    if first_layer == SPECIFICATION and layer != SPECIFICATION and first.value != quantity.value:
        change = f", {quantity.value / first.value - 1:+.1%}" if first.value else ""
        notes.append(f"the specification says {first}{change}")
    return Row(path, quantity.value, quantity.unit, str(quantity.kind), quantity.source, "; ".join(notes), layer)
