"""What-if timings: `nRP=20`, `tRP=20` (cycles), `tRP_ns=13.75` (ns), `tCK=800` (ps)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from narrowgauge.errors import InputError, Problem
from narrowgauge.sim.dram.standard import PS_PER_NS, Standard, in_cycles

#: names of the field that stand for one or several of ours
ALIASES = {
    "RCD": ("nRCDRD", "nRCDWR"),
    "RL": ("nCL",),
    "WL": ("nCWL",),
    "CCD": ("nCCDS", "nCCDL"),
    "RRD": ("nRRDS", "nRRDL"),
    "WTR": ("nWTRS", "nWTRL"),
}
CLOCK = "tCK"
#: no timing of a DRAM is longer, in cycles, ps or ns; above, sums of cycles would no longer be exact
LONGEST = 10_000_000


def apply_overrides(
    standard: Standard, overrides: Mapping[str, str | int | float], rebuild: Callable[[Standard], Standard]
) -> Standard:
    """A new standard with other timings; raises InputError that names every unknown or impossible one.

    The row cycle is nRAS + nRP where one of them changes and nRC does not: `changed` says so."""
    problems: list[Problem] = []
    given: dict[str, int] = {}
    tck_ps = standard.tck_ps
    for name, raw in overrides.items():
        bare, in_ns = (name[:-3], True) if name.lower().endswith("_ns") else (name, False)
        value = _number(raw)
        if value is None or not 0 <= value <= LONGEST or (not in_ns and value != int(value)):
            wanted = "a number of ns" if in_ns else "a whole number of cycles (tCK: of ps)"
            problems.append(Problem(f"override {name}", f"is '{raw}', must be {wanted} from 0 to {LONGEST:,}"))
        elif _bare(bare) == "CK":
            tck_ps = int(value * PS_PER_NS) if in_ns else int(value)
        elif not (known := _known(bare, standard)):
            problems.append(Problem(f"override {name}", f"unknown timing of {standard.name}; {_nearest(bare, standard)}"))
        else:
            given.update({key: math.ceil(value * PS_PER_NS / max(tck_ps, 1)) if in_ns else int(value) for key in known})
    if problems:
        raise InputError(problems)
    changed = [f"{key} {value}" for key, value in given.items()]
    if tck_ps != standard.tck_ps:
        changed.append(f"{CLOCK} {tck_ps} ps")
    timing = {**standard.timing, **_at_clock(standard, tck_ps), **given}
    if {"nRAS", "nRP"} & set(given) and "nRC" not in given:
        timing["nRC"] = timing["nRAS"] + timing["nRP"]
        changed.append(f"nRC {timing['nRC']} (follows nRAS + nRP)")
    if "nRP" in given and "nRPab" not in given:
        timing["nRPab"] = timing["nRP"] + standard.timing["nRPab"] - standard.timing["nRP"]
        changed.append(f"nRPab {timing['nRPab']} (follows nRP)")
    return rebuild(replace(standard, timing=MappingProxyType(timing), tck_ps=tck_ps, changed=(*standard.changed, *changed)))


def _at_clock(standard: Standard, tck_ps: int) -> dict[str, int]:
    """The timings that the standard states in ns, in cycles of another clock."""
    if tck_ps in (0, standard.tck_ps):
        return {}
    stated = {path.split(".")[1]: entry for path, entry in standard.quantities.items() if path.startswith("timing.n")}
    return {name: in_cycles(entry, tck_ps) for name, entry in stated.items() if entry.unit == "ns"}


def _number(raw: str | int | float) -> float | None:
    try:
        value = float(raw)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _bare(name: str) -> str:
    """`tCCD_S`, `nCCDS` and `CCDS` are one name."""
    text = name.replace("_", "")
    return (text[1:] if text[:1] in ("t", "n") else text).upper()


def _nearest(name: str, standard: Standard) -> str:
    """The clause that names the closest timing, whatever its first letter and case, and all of them."""
    allowed = [CLOCK, *standard.timing]
    spelt = {_bare(known).lower(): known for known in allowed}
    close = difflib.get_close_matches(_bare(name).lower(), spelt, n=1, cutoff=0.5)
    hint = f"did you mean '{spelt[close[0]]}'? " if close else ""
    return f"{hint}allowed: {', '.join(allowed)}"


def _known(name: str, standard: Standard) -> tuple[str, ...]:
    bare = _bare(name)
    exact = tuple(key for key in standard.timing if _bare(key) == bare)
    return exact or tuple(key for key in ALIASES.get(bare, ()) if key in standard.timing)
