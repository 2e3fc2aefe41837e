"""Files that are there whole or not at all, whenever the machine stops."""

from __future__ import annotations

import os
from pathlib import Path

from narrowgauge.errors import InputError, Problem

PART = ".part"


def write_bytes(data: bytes, path: Path) -> None:
    """Write beside, synchronise, rename, synchronise the folder. Raises InputError if the disk refuses; nothing is left then."""
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _synchronise(path.parent)
    except OSError as error:
        raise InputError([Problem(str(path), f"cannot be written: {error.strerror}; what is finished is kept")]) from None
    finally:
        _forget(part)


def sweep_up(folder: Path) -> None:
    """Remove what interrupted writes left in a folder; its holder alone may."""
    for part in folder.glob(f".*{PART}"):
        _forget(part)


def _forget(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:  # the folder became read-only; the next writer removes it
        return


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
