"""A PIM machine: channels of a memory standard whose banks multiply, with what-if overrides on top."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.archmodels.override import OVERRIDE, Override
from narrowgauge.archmodels.pim.pace import INTERVAL, pace, with_pace
from narrowgauge.archmodels.pim.programs import ATTENTION, GEMV, AttentionProgram, GemvProgram, mac_of
from narrowgauge.archmodels.pim.schema import PIM, PimSheet
from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import rules
from narrowgauge.archmodels.specification import Specification, load_specification
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.provenance import Kind, Quantity
from narrowgauge.sim.dram import Standard, load_standard
from narrowgauge.sim.dram.hierarchy import reached
from narrowgauge.sim.dram.standard import PS_PER_NS, Constraint, Level
from narrowgauge.units import BITS_PER_BYTE, PS_PER_US

CHANNELS, TIMING = "channels", "timing."
CLOCK = "tCK"
FORMATS = "formats."
CYCLES = Rule("cycle", 1, 100_000, whole=True)


@dataclass(frozen=True)
class PimMachine:
    """Build it with `load_machine`; change it with `with_`, which returns a new one. All channels work alike."""

    specification: Specification
    overrides: tuple[Override, ...] = ()

    @property
    def name(self) -> str:
        """The hardware name, or the stem of the file it was read from."""
        return self.specification.name

    @cached_property
    def quantities(self) -> FrozenMap[Quantity]:
        """The machine's own numbers by path, overrides included; the others are in `standard.quantities`."""
        changed = {change.path: change.new for change in self.overrides if change.path == CHANNELS}
        return FrozenMap({**self.specification.quantities, **changed})

    @cached_property
    def standard(self) -> Standard:
        """The memory of each channel, with the timings and the PIM rate of the overrides."""
        interval = next((int(change.new.value) for change in self.overrides if change.path == INTERVAL), None)
        return self._timed if interval is None else with_pace(self._timed, self.mac_command, interval)

    @cached_property
    def _timed(self) -> Standard:
        return load_standard(self.specification.texts["memory"], self._timings)

    @property
    def channels(self) -> int:
        """Channels that work side by side."""
        return int(self.quantities[CHANNELS].value)

    @property
    def format_bits(self) -> dict[str, int]:
        """Bits in the banks of an element of each format that the units multiply."""
        bits = {path: entry.value for path, entry in self.quantities.items() if path.startswith(FORMATS)}
        return {path.removeprefix(FORMATS): int(value) for path, value in bits.items()}

    @property
    def gemv(self) -> GemvProgram | None:
        """The command program of a matrix times a vector, None where there is none."""
        return GEMV[self.specification.texts["gemv"]] if "gemv" in self.specification.texts else None

    @property
    def attention(self) -> AttentionProgram | None:
        """The command program of decode attention, None where there is none."""
        return ATTENTION[self.specification.texts["attention"]] if "attention" in self.specification.texts else None

    @property
    def program(self) -> GemvProgram | AttentionProgram:
        """One of its programs; all use the same units."""
        found = self.gemv or self.attention
        assert found is not None  # noqa: S101 - the schema asks for one of them
        return found

    @property
    def mac_command(self) -> str:
        """The command that multiplies."""
        return self._timed.requests[mac_of(self.program)].column

    @cached_property
    def mac_pace(self) -> Constraint:
        """The row that keeps two multiply-accumulates apart: the PIM rate."""
        return pace(self.standard, self.mac_command)

    @property
    def macs_at_once(self) -> int:
        """Multiply-accumulates that a channel takes in one interval: one for each rank or pseudo-channel with its own pace."""
        if self.mac_pace.scope is Level.PSEUDO_CHANNEL:
            return self.standard.organisation.pseudo_channels
        if self.mac_pace.scope is not Level.RANK or not self.program.every_rank:
            return 1
        return self.standard.organisation.pseudo_channels * self.standard.organisation.ranks

    @property
    def banks_at_work(self) -> int:
        """Banks of a channel that multiply in one interval."""
        standard = self.standard
        return self.macs_at_once * len(reached(standard.organisation, standard.commands[self.mac_command].banks, 0))

    @property
    def macs_per_us(self) -> float:
        """Multiply-accumulates of all channels at their full rate, with as many vectors as share what is read."""
        lanes = self.mac_bytes * BITS_PER_BYTE // max(self.format_bits.values())
        intervals = PS_PER_US / (self.mac_pace.latency_cycles * self.standard.tck_ps)
        return self.channels * self.banks_at_work * lanes * intervals * self.standard.pim.get("vectors", 1)

    @property
    def mac_bytes(self) -> int:
        """What a multiply-accumulate reads in each bank: a burst, unless the memory has another size for it."""
        return self.standard.pim.get("comp_bytes", self.standard.organisation.burst_bytes)

    def with_(self, **changes: float | str) -> PimMachine:
        """A what-if variant: `channels`, `mac_interval_cycles` (the PIM rate), `timing.X` for a timing X of the memory (`nRP` or
        `tRP` in cycles, `tRP_ns` in ns, `tCK` in ps).

        Raises InputError that holds every unknown path and every impossible value."""
        problems: list[Problem] = []
        made: list[Override] = []
        timings: dict[str, float | str] = {}
        for path, value in changes.items():
            if path == CHANNELS:
                faults = rules(PimSheet)[CHANNELS].faults_of_value(value)
                problems += [Problem(path, fault) for fault in faults]
                if not faults:
                    made.append(_override(CHANNELS, self.quantities[CHANNELS], float(value), "count"))
            elif path == INTERVAL:
                faults = CYCLES.faults_of_value(value)
                problems += [Problem(path, fault) for fault in faults]
                if not faults:
                    made.append(_override(INTERVAL, self._stated_pace, float(value), "cycle"))
            elif path.startswith(TIMING):
                timings[path.removeprefix(TIMING)] = value
            else:
                allowed = [CHANNELS, INTERVAL, f"{TIMING}{CLOCK}", *(f"{TIMING}{name}" for name in self.standard.timing)]
                problems.append(Problem(path, f"unknown parameter, {nearest(path, allowed)}"))
        try:
            made += self._retimed(timings)
        except InputError as error:
            problems += error.problems
        if problems:
            raise InputError(problems)
        paths = {change.path for change in made}
        return replace(self, overrides=(*(kept for kept in self.overrides if kept.path not in paths), *made))

    @property
    def _stated_pace(self) -> Quantity:
        return Quantity(self.mac_pace.latency_cycles, "cycle", self.standard.title, Kind.DERIVED, self.mac_pace.latency)

    def _retimed(self, timings: dict[str, float | str]) -> list[Override]:
        """Every timing that the changes lead to, those included that follow from another."""
        if not timings:
            return []
        old, new = self.standard, load_standard(self.standard.name, {**self._timings, **timings})
        pairs = [(name, old.timing[name], cycles, "cycle") for name, cycles in new.timing.items()]
        pairs.append((CLOCK, old.tck_ps, new.tck_ps, "ps"))
        return [
            _override(f"{TIMING}{name}", self._before(name, was, unit), now, unit) for name, was, now, unit in pairs if was != now
        ]

    def _before(self, name: str, value: int, unit: str) -> Quantity:
        """What stood there: as the source says it, in the unit of the override."""
        found = self.standard.quantities[f"{TIMING}{name}"]
        stated = found.value * PS_PER_NS / self.standard.tck_ps if found.unit == "ns" and unit == "cycle" else found.value
        return Quantity(value, unit, found.source, found.kind, found.note if stated == value else f"{found}, in cycles")

    @property
    def _timings(self) -> dict[str, float]:
        """The overridden timings by name, in cycles; the clock in ps."""
        return {change.path.removeprefix(TIMING): change.new.value for change in self.overrides if change.path.startswith(TIMING)}


def _override(path: str, old: Quantity, value: float, unit: str) -> Override:
    return Override(path, old, Quantity(value, unit, OVERRIDE, Kind.ASSUMED, f"instead of {old}"))


def load_pim(name_or_path: str | Path) -> PimMachine:
    """The PIM machine of a hardware name, or of a YAML specification; raises InputError that holds every fault of the input."""
    return PimMachine(load_specification(name_or_path, PIM))
