"""Versions of the measurement schema, and how a line of an older one becomes a line of today's.

| version | differs by |
|---|---|
| 1 | samples are columns; a campaign holds a machine record |
| 0 | samples are objects, `us` and `cycles`; a campaign names the GPU's fields itself, and has no `type` |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA = 1

Line = Mapping[str, Any]


def upgrade(line: Line, version: int) -> Line:
    """The line as the current version writes it; a field that it lacks stays missing, for the reader to name."""
    for step in _STEPS[version:]:
        line = step(line)
    return line


def _from_0(line: Line) -> Line:
    if "gpu" in line:
        return _campaign_from_0(line)
    samples = line.get("samples", [])
    columns = {
        "elapsed_us": [sample.get("us") for sample in samples if "us" in sample],
        "cycles": [sample.get("cycles") for sample in samples if "cycles" in sample],
    }
    return {"type": "point", "question": "", "timing": "clock", **line, "samples": columns}


def _campaign_from_0(line: Line) -> Line:
    absent = "schema version 0 did not record it"
    fields = ("uuid_hash", "driver", "sm_clock_mhz", "power_limit_w", "default_power_limit_w", "temperature_c")
    missing = {field: None for field in (*fields, "throttle_reasons", "ecc") if field not in line}
    campaign = ("started", "suite", "narrowgauge", "schema_version")
    machine = {key: value for key, value in line.items() if key not in campaign}
    return {
        "type": "campaign",
        "schema_version": SCHEMA,
        "started": line.get("started"),
        "suite": line.get("suite", "full"),
        "narrowgauge": line.get("narrowgauge", "unknown"),
        "compiler": None,
        "machine": {**machine, **missing, "unavailable": dict.fromkeys(missing, absent)},
    }


_STEPS = (_from_0,)
