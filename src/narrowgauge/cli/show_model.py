"""A model as `show` prints it: its dimensions and how many parameters they make."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from narrowgauge.cli import screen


def describe_model(name: str) -> dict[str, Any]:
    """Parameter counts and dimensions of a model card or config.json; raises InputError for a faulty one."""
    from narrowgauge.workloads import active_parameter_count, parameter_count, read_model

    model = read_model(name)
    return {
        "kind": "model",
        "name": model.name,
        "parameters": parameter_count(model),
        "active_parameters": active_parameter_count(model),
        "config": asdict(model),
    }


def print_model(item: dict[str, Any]) -> None:
    """Counts, then every dimension that is set."""
    click.secho(item["name"], bold=True)
    made = screen.table("dimension", "value")
    made.add_row("parameters", f"{item['parameters']:,}")
    if item["active_parameters"] != item["parameters"]:
        made.add_row("parameters per token", f"{item['active_parameters']:,}")
    for name, value in item["config"].items():
        for path, leaf in _leaves(name, value):
            if path != "name" and leaf not in (None, False, 0):
                made.add_row(path, f"{leaf:,}" if isinstance(leaf, int) and not isinstance(leaf, bool) else str(leaf))
    screen.console().print(made, markup=False)


def _leaves(path: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in _leaves(f"{path}.{name}", inner)]
    if isinstance(value, list | tuple):
        if all(isinstance(inner, str) for inner in value):
            return [(path, ", ".join(value))]
        return [leaf for i, inner in enumerate(value) for leaf in _leaves(f"{path}.{i}" if len(value) > 1 else path, inner)]
    return [(path, value)]
