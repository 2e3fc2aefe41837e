"""An accelerator around a PE array as `show` prints it: its own numbers, then those of the array at its size."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any


def describe_accelerator(name: str) -> dict[str, Any]:
    """Numbers as of a machine, those of the array under `pe_array.`."""
    from narrowgauge.archmodels.accelerator import load_accelerator
    from narrowgauge.archmodels.describe_system import describe_specified

    accelerator = load_accelerator(name)
    own, array = describe_specified(accelerator), describe_specified(accelerator.pe_array)
    rows = (*own.rows, *(replace(row, path=f"pe_array.{row.path}") for row in array.rows))
    description = replace(own, rows=rows)
    return {
        "kind": "accelerator",
        "name": description.name,
        "texts": {**description.texts, **{f"pe_array.{path}": text for path, text in array.texts.items()}},
        "numbers": [asdict(row) for row in description.rows],
        "unmeasured": [row.path for row in description.unmeasured],
    }
