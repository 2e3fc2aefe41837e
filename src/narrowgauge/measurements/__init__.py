"""Measurement files: what they hold, and their reader. Immutable records as JSON Lines: `kernels` writes, `calibration` reads.

A file is a sequence of campaigns: one line that describes the machine and the run, then one line per point. Lines are only ever
appended. `docs/measuring.md` explains every field."""

from narrowgauge.measurements.reader import SUFFIX, Measurements, read_measurements
from narrowgauge.measurements.record import (
    AxisValue,
    Body,
    Campaign,
    CheckRecord,
    Library,
    MachineRecord,
    PointRecord,
    PowerWindow,
    Samples,
    Statistic,
    statistic,
)

__all__ = [
    "SUFFIX",
    "AxisValue",
    "Body",
    "Campaign",
    "CheckRecord",
    "Library",
    "MachineRecord",
    "Measurements",
    "PointRecord",
    "PowerWindow",
    "Samples",
    "Statistic",
    "read_measurements",
    "statistic",
]
