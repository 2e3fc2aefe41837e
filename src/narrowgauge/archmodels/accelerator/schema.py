"""The schema of an accelerator: a PE array, a buffer for each operand, a DRAM interface, a clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from narrowgauge.archmodels.accelerator.access_energy import sram_tables
from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Clock, Count, Section, Text
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.catalogue import unit_names
from narrowgauge.errors import nearest
from narrowgauge.provenance import Quantity

Width = Annotated[Quantity | None, Rule("bit", 1, 1_000_000, whole=True)]
BitEnergy = Annotated[Quantity, Rule("pJ/bit", 0, 1e5)]


class Array(Section):
    """Size of the array where it is not that of the unit's specification."""

    rows: Annotated[Quantity | None, Rule("count", 1, 100_000, whole=True)] = None
    columns: Annotated[Quantity | None, Rule("count", 1, 100_000, whole=True)] = None


class Buffer(Section):
    """On-chip storage of one operand, all banks accessed together."""

    #: table of `sram/` that holds energies of its banks
    sram: Text
    #: what is read: a word for the whole array, or every operand of every multiplication on its own
    reads: Literal["word", "mac"]
    capacity_kb: Annotated[Quantity, Rule("KB", 1e-3, 1e7)]
    banks: Count
    #: width of all banks together; none where it follows from a word of the array, of which it is then `port_share`
    port_bits: Width = None
    port_share: Annotated[Quantity, Rule("ratio", 1e-3, 1)]
    #: elements are kept in multiples of so many bits, and written in words of so many
    granule_bits: Annotated[Quantity, Rule("bit", 1, 1024, whole=True)]
    write_word_bits: Annotated[Quantity, Rule("bit", 1, 1_000_000, whole=True)]


class DramInterface(Section):
    """Everything that is not on the chip."""

    bits_per_cycle: Annotated[Quantity, Rule("bit/cycle", 1e-3, 1e9)]
    read_pj_per_bit: BitEnergy
    write_pj_per_bit: BitEnergy
    #: drawn whether something is read or not
    static_mw: Annotated[Quantity, Rule("mW", 0, 1e9)]


class AcceleratorSheet(Section):
    """Everything that the specification of an accelerator says."""

    title: Text
    #: a unit of `units/specs` that is an array of PEs
    pe_array: Text
    #: what happens where operands do not fit: one is fetched again, or tiles are searched for two halves of each buffer
    refill: Literal["refetch", "tiles"]
    clock_mhz: Clock
    array: Array = Array()
    weight_buffer: Buffer
    activation_buffer: Buffer
    result_buffer: Buffer
    dram: DramInterface


def contradictions(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and fault of a unit or a table that does not exist."""
    if texts["pe_array"] not in unit_names():
        yield "pe_array", f"unknown unit '{texts['pe_array']}', {nearest(texts['pe_array'], unit_names())}"
    for path in ("weight_buffer.sram", "activation_buffer.sram", "result_buffer.sram"):
        if texts[path] not in sram_tables():
            yield path, f"unknown table '{texts[path]}', {nearest(texts[path], sram_tables())}"


ACCELERATOR = Schema(AcceleratorSheet, contradictions)
