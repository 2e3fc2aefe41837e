"""A PIM machine as a table: its own numbers, the rates they lead to, and everything of its memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from narrowgauge.archmodels.describe import Description, Row
from narrowgauge.archmodels.machine import OVERRIDE, SPECIFICATION
from narrowgauge.archmodels.pim.machine import PimMachine
from narrowgauge.provenance import Kind, Quantity
from narrowgauge.sim.dram import Standard
from narrowgauge.sim.dram.hierarchy import reached
from narrowgauge.sim.dram.standard import EnergySheet
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB, PS_PER_S

RATES = "numbers below"


def describe_pim(machine: PimMachine) -> Description:
    """Every number that a price rests on; a what-if override says what it replaces."""
    texts = {**machine.specification.texts, "memory_title": machine.standard.title}
    sheet = machine.standard.energy
    reasons = {"no_command_energy": sheet.command_unavailable, "no_background_energy": sheet.background_unavailable}
    texts |= {name: words for name, words in reasons.items() if words}
    return Description(machine.name, texts, tuple(_rows(machine)))


def _rows(machine: PimMachine) -> Iterator[Row]:
    changed = {change.path: change.new for change in machine.overrides}
    for path, entry in machine.quantities.items():
        yield _row(path, entry, path in changed)
    for path, entry in _rates(machine):
        yield _row(path, entry, changed=False)
    for path, entry in machine.standard.quantities.items():
        yield _row(path, changed.get(path, entry), path in changed)
    for path, entry in _energies(machine.standard.energy):
        yield _row(f"energy.{path}", entry, changed=False)


def _row(path: str, entry: Quantity, changed: bool) -> Row:
    return Row(path, entry.value, entry.unit, str(entry.kind), entry.source, entry.note, OVERRIDE if changed else SPECIFICATION)


def _rates(machine: PimMachine) -> Iterator[tuple[str, Quantity]]:
    """The PIM rate, the peak that it leads to, bytes that the units see, bytes that fit."""
    standard, timing, org = machine.standard, machine.mac_timing, machine.standard.organisation
    interval, banks = machine.mac_interval_cycles, banks_at_work(standard, machine.mac_command)
    per_s = machine.channels * PS_PER_S / (interval * standard.tck_ps)
    lanes = org.burst_bytes * BITS_PER_BYTE // max(machine.format_bits.values())
    yield "rate.mac_interval_cycles", _derived(interval, "cycle", f"{timing}, between two {machine.mac_command} of a channel")
    yield "rate.banks_at_work", _derived(banks, "count", f"that one {machine.mac_command} reaches")
    peak = _derived(banks * lanes * per_s / 1e9, "GMAC/s", f"banks × {lanes} lanes over the interval, all channels")
    yield "rate.peak_gmac_per_s", peak
    internal = banks * org.burst_bytes * per_s / BYTES_PER_GB
    yield "rate.internal_gb_per_s", _derived(internal, "GB/s", "banks × burst over the interval, all channels")
    yield "rate.pins_gb_per_s", _derived(standard.pin_gb_per_s * machine.channels, "GB/s", "what a host could read instead")
    capacity = org.channel_bytes * machine.channels / BYTES_PER_GB
    yield "capacity_gb", _derived(capacity, "GB", "channels × ranks × banks × rows × page")


def _derived(value: float, unit: str, note: str) -> Quantity:
    return Quantity(value, unit, RATES, Kind.DERIVED, note)


def banks_at_work(standard: Standard, command: str) -> int:
    """Banks of a channel that a command reaches at once."""
    return len(reached(standard.organisation, standard.commands[command].banks, 0))


def _energies(sheet: EnergySheet) -> Iterator[tuple[str, Quantity]]:
    tables: dict[str, Mapping[str, Quantity]] = {
        "command_pj": sheet.command_pj,
        "current": sheet.currents,
        "relative_to": sheet.relative,
        "background_mw": sheet.background_mw,
    }
    for table, entries in tables.items():
        yield from ((f"{table}.{name}", entry) for name, entry in entries.items())
