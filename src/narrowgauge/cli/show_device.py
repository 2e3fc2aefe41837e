"""A CPU or an FPGA as `show` prints it: as a machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any


def describe_device(name: str) -> dict[str, Any]:
    """Texts, numbers and the paths of unmeasured numbers."""
    from narrowgauge.archmodels.cpu.machine import cpu_names, load_cpu
    from narrowgauge.archmodels.describe_system import describe_specified
    from narrowgauge.archmodels.fpga.machine import load_fpga
    from narrowgauge.registry import canonical

    description = describe_specified(load_cpu(name) if canonical(name) in cpu_names() else load_fpga(name))
    return {
        "kind": "device",
        "name": description.name,
        "texts": dict(description.texts),
        "numbers": [asdict(row) for row in description.rows],
        "unmeasured": [row.path for row in description.unmeasured],
    }
