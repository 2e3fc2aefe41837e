"""A CPU or an FPGA as `show` prints it: as a machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narrowgauge.archmodels.specified import Specified


def describe_cpu(name: str) -> dict[str, Any]:
    """Texts, numbers and the paths of unmeasured numbers."""
    from narrowgauge.archmodels.cpu import load_cpu

    return _described(load_cpu(name))


def describe_fpga(name: str) -> dict[str, Any]:
    """Likewise."""
    from narrowgauge.archmodels.fpga import load_fpga

    return _described(load_fpga(name))


def _described(device: Specified) -> dict[str, Any]:
    from narrowgauge.archmodels.describe_system import describe_specified

    description = describe_specified(device)
    return {
        "kind": "device",
        "name": description.name,
        "texts": dict(description.texts),
        "numbers": [asdict(row) for row in description.rows],
        "unmeasured": [row.path for row in description.unmeasured],
    }
