"""Which units a field of a specification accepts besides its own.

A field is kept in one unit, the one its name carries (`bandwidth_gb_per_s`). A file may state it in a unit of the same
dimension that is listed here; the factor turns that one into the field's own. Anything else is refused. DRAM units are
decimal and on-chip capacities binary, as vendors print them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from narrowgauge import units

#: unit of the field -> {other unit: value in the field's unit of one such}
CONVERTIBLE: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "GB/s": {"MB/s": 1e-3, "TB/s": 1e3},
        "GB": {"MB": 1e-3, "TB": 1e3},
        "MB": {"KB": units.BYTES_PER_KB / units.BYTES_PER_MB},
        "KB": {"B": 1 / units.BYTES_PER_KB, "MB": units.BYTES_PER_MB / units.BYTES_PER_KB},
        "MHz": {"GHz": 1e3},
        "us": {"ns": 1e-3, "ms": 1e3},
        "W": {"mW": 1e-3, "kW": 1e3},
        "Top/s": {"Gop/s": 1e-3, "Pop/s": 1e3},
        "pJ/B": {"fJ/B": 1e-3, "nJ/B": 1e3, "pJ/bit": units.BITS_PER_BYTE},
        "pJ/MAC": {"fJ/MAC": 1e-3, "nJ/MAC": 1e3},
        "pJ/result": {"fJ/result": 1e-3, "nJ/result": 1e3},
    }
)


def accepted(unit: str) -> tuple[str, ...]:
    """The spellings that a field of `unit` may be given in, its own first."""
    return (unit, *CONVERTIBLE.get(unit, {}))


def factor(given: str, unit: str) -> float:
    """What a number in `given` is multiplied by to be in `unit`; raises KeyError if they do not convert."""
    return 1.0 if given == unit else CONVERTIBLE[unit][given]
