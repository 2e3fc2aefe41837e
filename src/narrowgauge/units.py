"""The one place where units are converted. Names elsewhere carry the unit they are in (`latency_us`, `energy_pj`)."""

from __future__ import annotations

US_PER_S = 1e6
MS_PER_S = 1e3
US_PER_MS = 1e3
BITS_PER_BYTE = 8
BYTES_PER_KB = 1024  # on-chip memories: the vendor's KB and MB are binary
BYTES_PER_MB = 1024**2
BYTES_PER_GB = 1e9  # DRAM capacities and bandwidths: the vendor's GB is decimal
PJ_PER_J = 1e12
MJ_PER_J = 1e3  # millijoules
PS_PER_S = 10**12
PS_PER_US = 10**6
HZ_PER_MHZ = 1e6


def us_to_ps(us: float) -> int:
    """Whole picoseconds of a time in microseconds, to the nearest."""
    return round(us * PS_PER_US)
