"""Energy of commands and of standing by. What is not known is said with the reason, never counted as zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from narrowgauge.sim.dram.hierarchy import reached
from narrowgauge.sim.dram.standard import Standard

PS_PER_NS = 1000


@dataclass(frozen=True)
class Energy:
    """pJ of each command, summed over its occurrences, and of standing by; `unavailable` says what is missing and why."""

    command_pj: Mapping[str, float]
    background_pj: float | None
    unavailable: tuple[str, ...]

    @property
    def total_pj(self) -> float | None:
        """The sum of what is known; None where nothing is known of the commands."""
        if not self.command_pj:
            return None
        return sum(self.command_pj.values()) + (self.background_pj or 0.0)


def energy_of(standard: Standard, counts: Mapping[str, int], active_cycles: int, idle_cycles: int) -> Energy:
    """Energy of command counts and of the cycles with and without a row open, summed over ranks."""
    known = command_energies_pj(standard)
    used = {name: number for name, number in counts.items() if number}
    reasons = []
    closing = [name for name in used if standard.commands[name].effect == "close"]
    missing = [name for name in used if name not in known and name not in closing]
    if missing:
        why = standard.energy.command_unavailable or "no source gives it"
        reasons.append(f"energy of {', '.join(missing)}: {why}")
    background = _background_pj(standard, active_cycles, idle_cycles)
    if background is None:
        why = standard.energy.background_unavailable or standard.energy.command_unavailable or "no source gives it"
        reasons.append(f"background: {why}")
    # precharges are part of the energy of the activation that they end
    return Energy({name: number * known[name] for name, number in used.items() if name in known}, background, tuple(reasons))


def command_energies_pj(standard: Standard) -> dict[str, float]:
    """pJ of one command each, over all the banks that it reaches, for the commands whose energy is known."""
    sheet = standard.energy
    found = _from_currents(standard) if sheet.currents else {}
    for name, entry in sheet.command_pj.items():
        if name in standard.commands:
            banks = len(reached(standard.organisation, standard.commands[name].banks, 0))
            found[name] = entry.value * (banks if entry.unit == "pJ/bank" else 1)
    for name, entry in sheet.relative.items():
        found[name] = entry.value * found[entry.unit]
    return found


def _from_currents(standard: Standard) -> dict[str, float]:
    """IDD currents to pJ: V × mA × ns. An activation is IDD0 over a row cycle less the standby current of its two halves."""
    timing, amps = standard.timing, {name: entry.value for name, entry in standard.energy.currents.items()}
    ns = standard.tck_ps / PS_PER_NS
    activation = amps["IDD0"] * timing["nRC"] - amps["IDD3N"] * timing["nRAS"] - amps["IDD2N"] * timing["nRP"]
    refresh = (amps["IDD5AB"] - amps["IDD3N"]) * timing["nRFC"]
    milliamp_cycles = {
        "ACT": activation,
        "RD": (amps["IDD4R"] - amps["IDD3N"]) * timing["nBL"],
        "WR": (amps["IDD4W"] - amps["IDD3N"]) * timing["nBL"],
        "REFab": refresh,
        "REFpb": refresh / standard.organisation.banks,
    }
    return {name: amps["VDD"] * value * ns for name, value in milliamp_cycles.items()}


def _background_pj(standard: Standard, active_cycles: int, idle_cycles: int) -> float | None:
    """Standby energy from currents or from power; mW × ns = pJ."""
    sheet, ns = standard.energy, standard.tck_ps / PS_PER_NS
    if sheet.currents:
        amps = sheet.currents
        return amps["VDD"].value * (amps["IDD3N"].value * active_cycles + amps["IDD2N"].value * idle_cycles) * ns
    if sheet.background_mw:
        return (sheet.background_mw["active"].value * active_cycles + sheet.background_mw["precharged"].value * idle_cycles) * ns
    return None
