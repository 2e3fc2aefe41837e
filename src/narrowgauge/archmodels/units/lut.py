"""LUT tensor core: weights, one bit at a time, select precomputed partial sums (Mo et al., ISCA 2025, arXiv 2408.06003).

An array holds a table for each of `m` rows, every table over `k` activations, and has `m` × `n` lookup units: a multiplexer over
the table, a conditional negation, an adder and its accumulator. A weight of b bits takes b cycles (sections 3.1 and 3.2).

    symmetric        weights reinterpreted as ±1 per bit: tables of 2^(k-1) instead of 2^k entries, one index bit negates
    index_inversion  every unit inverts the index of a symmetric table; not needed where weights were inverted beforehand
    precompute       adders in the array build the tables; otherwise an operator of its own has written them to memory

The conventional array (UNPU) has whole tables that it builds itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Annotated, ClassVar, Literal

from narrowgauge import units
from narrowgauge.archmodels.components import Components, Cost
from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Count, Section, Text
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.array import (
    Array,
    ArrayUnit,
    Bits,
    Clock,
    NodeNm,
    PublishedArea,
    Supply,
    Switch,
    format_faults,
    format_names,
    plane_refusal,
    planes,
)
from narrowgauge.archmodels.units.unit import MatrixTask, Service
from narrowgauge.formats import FORMATS, IntFormat, QuantScheme
from narrowgauge.provenance import Quantity


class LookupArray(Array):
    """An array whose `k` activations share a table: entries double with each."""

    k: Annotated[Quantity, Rule("count", 1, 16, whole=True)]


class Table(Section):
    """The lookup tables."""

    symmetric: Switch
    index_inversion: Switch
    precompute: Switch
    #: registers in the array hold the tables; otherwise the units read what the register file drives
    registers: Switch
    #: of the scale that one table has for itself
    scale_bits: Annotated[Quantity, Rule("bit", 0, 32, whole=True)]


class LutSheet(Section):
    """Everything that a specification of a LUT tensor core says."""

    title: Text
    unit: Literal["lut"]
    process: Text
    #: formats of activations that tables are made of, and the formats of a table's entries and of the sums
    activations: Text
    entry: Text
    accumulator: Text
    node_nm: NodeNm
    supply_v: Supply
    clock_mhz: Clock
    units_per_sm: Count
    array: LookupArray
    #: planes of a weight that the array holds: the widest weights it takes
    weight_bits: Bits
    table: Table
    #: of one unit as synthesised; the parts are scaled to add up to it
    synthesised_area_um2: PublishedArea = None


def _contradictions(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from format_faults(texts, ("activations", "entry", "accumulator"))
    if numbers["table.index_inversion"].value > numbers["table.symmetric"].value:
        yield "table.index_inversion", "is there although tables are whole; only a symmetric table's index is inverted"


@dataclass(frozen=True)
class Precompute:
    """The operator that makes tables on CUDA cores: how many, additions, bytes written in the place of the activations."""

    tables: int
    additions: int
    table_bytes: float


@dataclass(frozen=True)
class LutTensorCore(ArrayUnit):
    """`array.count` arrays of lookup units."""

    schema: ClassVar[Schema] = Schema(LutSheet, _contradictions)

    def refusal(self, scheme: QuantScheme) -> str | None:
        """Integer weights up to the width that it holds, in groups that whole tables fill; activations of its list."""
        activation, taken = scheme.activation.format.name, format_names(self.texts["activations"])
        if activation not in taken:
            return f"{activation} activations, it takes {', '.join(taken)}"
        group, k = scheme.weight.scale_group, self.count("array.k")
        if group is not None and group % k:
            return f"a scale per {group} weights, while a table stands for {k} that share one"
        return plane_refusal(scheme, self.count("weight_bits"))

    def cycles_per_step(self, scheme: QuantScheme) -> int:
        """One for every bit of a weight."""
        return planes(scheme.weight.format) or 1

    def service(self, task: MatrixTask) -> Service:
        """Steps dealt out to the arrays; the next tables and weights are loaded while the last are looked up."""
        steps, rounds = self.steps(task)
        m, n, _ = self.tile(task.scheme)
        per_step = self.cycles_per_step(task.scheme)
        return Service(
            cycles=float(rounds * per_step),
            busy_cycles={"lookup": float(rounds * per_step), "loading": float(rounds)},
            energy_pj={name: steps * per_step * cost.energy_pj for name, cost in self.parts(per_step).items()},
            actions={
                "macs": float(task.macs),
                "lookups": float(steps * m * n * per_step),
                "tables_loaded": float(steps * m),
                "tables_built": float(steps * m * self.count("table.precompute")),
            },
        )

    def activation_bits(self, scheme: QuantScheme) -> float:
        """An activation's share of its table, or the activation where the array builds tables."""
        self.check(scheme)
        if self.count("table.precompute"):
            return float(scheme.activation.storage_bits)
        return self._table_bits / self.count("array.k")

    def precompute(self, m: int, k: int) -> Precompute:
        """What makes the tables of m × k activations; nothing where the array builds them."""
        if self.count("table.precompute"):
            return Precompute(0, 0, 0.0)
        tables = m * ceil(k / self.count("array.k"))
        additions = tables * table_additions(self.count("array.k"), bool(self.count("table.symmetric")))
        return Precompute(tables, additions, tables * self._table_bits / units.BITS_PER_BYTE)

    @property
    def entries(self) -> int:
        """Entries of one table."""
        return int(2 ** (self.count("array.k") - self.count("table.symmetric")))

    @property
    def _table_bits(self) -> float:
        return self.entries * self.format("entry").bits + self.value("table.scale_bits")

    @property
    def _activation_width(self) -> int:
        return max(FORMATS[name].bits for name in format_names(self.texts["activations"]))

    def parts(self, cycles_per_step: int) -> Mapping[str, Cost]:
        """The parts of one array: area, and energy of one cycle; tables are built once a step."""
        components = Components(self.value("node_nm"), self.value("supply_v"))
        m, n, k = (self.count(f"array.{size}") for size in "mnk")
        entry, accumulator = self.format("entry"), self.format("accumulator")
        sign_bits = entry.bits if isinstance(entry, IntFormat) else 1
        parts = {
            "multiplexers": m * n * (components.multiplexer(self.entries, entry.bits) + components.negator(sign_bits)),
            "accumulators": m * n * (components.add(accumulator) + components.register(accumulator.bits)),
            "weights": components.register(k * n * self.count("weight_bits")),
        }
        if self.count("table.registers"):
            parts["tables"] = components.register(m * self.entries * entry.bits)
        if self.count("table.index_inversion"):
            parts["index inversion"] = m * n * components.negator(max(k - 1, 1))
        if self.count("table.precompute"):
            additions = m * table_additions(k, bool(self.count("table.symmetric")))
            adders = additions * components.add(entry)
            activations = components.register(m * k * self._activation_width)
            parts["precompute"] = Cost(adders.area_um2, adders.energy_pj / cycles_per_step) + activations
        return parts


def table_additions(k: int, symmetric: bool) -> int:
    """Additions that build a table over k activations from the tables of its two halves.

    A whole table holds the sums of all subsets, a symmetric one those of all signs with the first fixed."""
    if k == 1:
        return 0
    half = k // 2
    joined = 1 << (k - 1) if symmetric else ((1 << half) - 1) * ((1 << (k - half)) - 1)
    return joined + table_additions(half, symmetric) + table_additions(k - half, symmetric)
