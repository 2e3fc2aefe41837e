"""Files that can be made again, kept by the hash of what they are made from, in the user's cache directory (XDG)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def folder() -> Path:
    """`$XDG_CACHE_HOME/narrowgauge/kernels`, by default below `~/.cache`; made when it is not there."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) / "narrowgauge" / "kernels"
    path.mkdir(parents=True, exist_ok=True)
    return path


def store(path: Path, content: bytes) -> None:
    """Write a file at once or not at all, so that a second process never reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)
