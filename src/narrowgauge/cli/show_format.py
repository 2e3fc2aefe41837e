"""Number formats and quantization schemes as `show` prints them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from narrowgauge.cli import screen

LISTED_BITS = 4  # formats up to this width are shown with all their values


def describe_format(name: str) -> dict[str, Any]:
    """Width, range and, for narrow formats, every value."""
    from narrowgauge.formats import FORMATS

    fmt = FORMATS[name]
    facts: dict[str, Any] = {
        "bits": fmt.bits,
        "storage_bits": float(fmt.storage_bits),
        "largest": fmt.max,
        "serial_steps": fmt.serial_steps,
    }
    scalars = {field: value for field, value in asdict(fmt).items() if isinstance(value, str | int | float)}
    facts |= {field: value for field, value in scalars.items() if field not in ("name", *facts)}
    if fmt.bits <= LISTED_BITS:
        facts["values"] = list(fmt.values())
    return {"kind": "format", "name": fmt.name, "facts": facts}


def describe_scheme(name: str) -> dict[str, Any]:
    """Format and scales of every operand, storage, and the machines that run it."""
    from narrowgauge.archmodels import load_gpu, machine_names
    from narrowgauge.errors import UnsupportedError
    from narrowgauge.formats import parse_scheme

    scheme = parse_scheme(name)
    facts: dict[str, Any] = {}
    for part in ("weight", "activation", "kv_cache"):
        tensor = getattr(scheme, part)
        facts[part] = tensor.format.name
        facts[f"{part}_scales"] = f"{tensor.granularity}" + (f" of {tensor.group_size}" if tensor.group_size else "")
        facts[f"{part}_bits_stored"] = float(tensor.storage_bits)
    facts |= {"accumulate": scheme.accumulate.name, "output": scheme.output.name}
    runs: dict[str, list[str]] = {}
    refuses = []
    for machine in machine_names():
        try:
            runs.setdefault(scheme.mma_operand(load_gpu(machine).resources.tensor_macs), []).append(machine)
        except UnsupportedError:
            refuses.append(machine)
    facts |= {f"multiplied_as_{operand}_on": machines for operand, machines in runs.items()} | (
        {"refused_by": refuses} if refuses else {}
    )
    return {"kind": "scheme", "name": scheme.name, "facts": facts}


def print_facts(item: dict[str, Any]) -> None:
    """Two columns: what and how much."""
    click.secho(f"{item['kind']} {item['name']}", bold=True)
    made = screen.table("what", "value")
    for name, value in item["facts"].items():
        words = ", ".join(_short(v) for v in value) if isinstance(value, list) else _short(value)
        made.add_row(name.replace("_", " "), words)
    screen.console().print(made, markup=False)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
