"""The answer of a command as JSON, in a file or on standard output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from narrowgauge.cli import voice

STDOUT = "-"


def summary_wanted(json_file: str | None) -> bool:
    """Whether to print what came of a command whose answer is a file: not beside JSON on standard output, not if quiet."""
    return json_file != STDOUT and voice.level() > voice.Level.QUIET


def write_json(data: Any, target: str | None) -> None:
    """Write JSON to a file, or to standard output for `-`; numbers that are not finite become null."""
    if target is None:
        return
    body = json.dumps(finite(data), indent=1, allow_nan=False, ensure_ascii=False)
    if target == STDOUT:
        click.echo(body)
    else:
        from narrowgauge.experiments.tables import write_text

        write_text(body + "\n", Path(target))


def finite(data: Any) -> Any:
    """The same nested data with None in place of NaN and infinity, which JSON does not have."""
    if isinstance(data, dict):
        return {str(key): finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    if isinstance(data, float):
        return data if abs(data) < float("inf") else None
    return data
