"""A PIM machine as a table: its own numbers, the rates they lead to, and everything of its memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from narrowgauge.archmodels.describe import Description, Row
from narrowgauge.archmodels.override import OVERRIDE, SPECIFICATION
from narrowgauge.archmodels.pim.machine import PimMachine
from narrowgauge.archmodels.pim.pace import INTERVAL
from narrowgauge.provenance import Kind, Quantity
from narrowgauge.sim.dram.standard import EnergySheet, Standard
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB, PS_PER_S

RATES = "computed from the memory's numbers below"


def describe_pim(machine: PimMachine) -> Description:
    """Every number that a price rests on; a what-if override says what it replaces."""
    texts = {**machine.specification.texts, **memory_texts(machine.standard)}
    return Description(machine.name, texts, tuple(_rows(machine)))


def memory_texts(standard: Standard) -> dict[str, str]:
    """What a memory is called, and why energies are not known where they are not."""
    sheet = standard.energy
    texts = {
        "memory_title": standard.title,
        "no_command_energy": sheet.command_unavailable,
        "no_background_energy": sheet.background_unavailable,
    }
    return {name: words for name, words in texts.items() if words}


def memory_rows(standard: Standard, changed: Mapping[str, Quantity] = MappingProxyType({})) -> Iterator[Row]:
    """Every number of a memory; those that were changed with what stands there now."""
    for path, entry in standard.quantities.items():
        yield _row(path, changed.get(path, entry), path in changed)
    for path, entry in _energies(standard.energy):
        yield _row(f"energy.{path}", entry, changed=False)


def _rows(machine: PimMachine) -> Iterator[Row]:
    changed = {change.path: change.new for change in machine.overrides}
    for path, entry in machine.quantities.items():
        yield _row(path, entry, path in changed)
    for path, entry in _rates(machine):
        yield _row(path, changed.get(path, entry), path in changed)
    yield from memory_rows(machine.standard, changed)


def _row(path: str, entry: Quantity, changed: bool) -> Row:
    return Row(path, entry.value, entry.unit, str(entry.kind), entry.source, entry.note, OVERRIDE if changed else SPECIFICATION)


def _rates(machine: PimMachine) -> Iterator[tuple[str, Quantity]]:
    """The PIM rate, the peak that it leads to, bytes that the units see, bytes that fit."""
    standard, org = machine.standard, machine.standard.organisation
    interval, banks = machine.mac_pace.latency_cycles, machine.banks_at_work
    per_s = machine.channels * PS_PER_S / (interval * standard.tck_ps)
    lanes = machine.mac_bytes * BITS_PER_BYTE // max(machine.format_bits.values())
    yield INTERVAL, _derived(interval, "cycle", f"{machine.mac_pace.latency}, between two {machine.mac_command}")
    yield "rate.banks_at_work", _derived(banks, "count", "of a channel, that multiply in one interval")
    peak = _derived(banks * lanes * per_s / 1e9, "GMAC/s", f"banks × {lanes} lanes over the interval, all channels")
    yield "rate.peak_gmac_per_s", peak
    internal = banks * machine.mac_bytes * per_s / BYTES_PER_GB
    yield "rate.internal_gb_per_s", _derived(internal, "GB/s", f"banks × {machine.mac_bytes} B over the interval, all channels")
    yield "rate.pins_gb_per_s", _derived(standard.pin_gb_per_s * machine.channels, "GB/s", "what a host could read instead")
    capacity = org.channel_bytes * machine.channels / BYTES_PER_GB
    yield "capacity_gb", _derived(capacity, "GB", "channels × ranks × banks × rows × page")


def _derived(value: float, unit: str, note: str) -> Quantity:
    return Quantity(value, unit, RATES, Kind.DERIVED, note)


def _energies(sheet: EnergySheet) -> Iterator[tuple[str, Quantity]]:
    tables: dict[str, Mapping[str, Quantity]] = {
        "command_pj": sheet.command_pj,
        "current": sheet.currents,
        "relative_to": sheet.relative,
        "background_mw": sheet.background_mw,
    }
    for table, entries in tables.items():
        yield from ((f"{table}.{name}", entry) for name, entry in entries.items())
