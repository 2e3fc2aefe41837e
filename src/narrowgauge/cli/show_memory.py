"""A memory as `show` prints it: organisation, timings and energies, each with its source."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any


def describe_memory(name: str) -> dict[str, Any]:
    """As of a machine: texts, numbers and the paths of unmeasured numbers. Timings are what --override of `memory` takes."""
    from narrowgauge.archmodels import Description
    from narrowgauge.archmodels.pim.describe import memory_rows, memory_texts
    from narrowgauge.sim.dram import load_standard

    standard = load_standard(name)
    description = Description(standard.name, memory_texts(standard), tuple(memory_rows(standard)))
    return {
        "kind": "memory",
        "name": description.name,
        "texts": dict(description.texts),
        "numbers": [asdict(row) for row in description.rows],
        "unmeasured": [row.path for row in description.unmeasured],
    }
