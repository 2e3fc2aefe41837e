"""SHA-256 of what a nested value holds: frozen records, mappings, sequences, numbers, texts, arrays."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np


def content_hash(value: Any) -> str:
    """Equal for values that hold the same, in every process. Raises TypeError for a value without a defined content."""
    found = hashlib.sha256()
    for part in _parts(value):
        found.update(part)
    return found.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    """A prefix-free account of the value: every part says what it is and how much follows."""
    if dataclasses.is_dataclass(value):
        entries = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        yield b"R" + type(value).__name__.encode()
        yield from _parts(entries)
    elif isinstance(value, Mapping):
        yield b"M%d;" % len(value)
        for key, entry in value.items():
            yield from _parts(key)
            yield from _parts(entry)
    elif isinstance(value, tuple | list):
        yield b"L%d;" % len(value)
        for entry in value:
            yield from _parts(entry)
    elif isinstance(value, frozenset | set):
        yield from _parts(sorted(value, key=str))
    elif isinstance(value, np.ndarray):
        yield b"A" + str((value.dtype.str, value.shape)).encode() + value.tobytes()
    elif isinstance(value, Enum):
        yield from _parts(value.value)
    elif value is None or isinstance(value, bool | int | float | str | Fraction | Path):
        text = f"{type(value).__name__}:{value!r}".encode()
        yield b"V%d;" % len(text) + text
    else:
        raise TypeError(f"{type(value).__name__} has no content hash")
