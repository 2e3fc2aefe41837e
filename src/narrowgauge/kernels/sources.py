"""The files that a CUDA source consists of, and the hash that names their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "cu"
_LOCAL_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
_DIGITS = 16  #: of a hash as it is written down: 64 bits tell the handful of versions of one file apart


def text_of(name: str) -> str:
    """The content of a file in `cu/`; raises FileNotFoundError."""
    return (FOLDER / name).read_text(encoding="utf-8")


def closure(text: str) -> Iterator[tuple[str, str]]:
    """The local headers that a source text includes, directly or through others: path within `cu/` and content, each once.

    As the compiler does it, a name counts from the folder of the file that includes it, then from `cu/`."""
    seen: set[Path] = set()
    pending = [(FOLDER, name) for name in _LOCAL_INCLUDE.findall(text)]
    while pending:
        folder, name = pending.pop(0)
        path = (folder / name if (folder / name).is_file() else FOLDER / name).resolve()
        if path not in seen:
            seen.add(path)
            content = path.read_text(encoding="utf-8")
            pending += [(path.parent, inner) for inner in _LOCAL_INCLUDE.findall(content)]
            yield path.relative_to(FOLDER.resolve()).as_posix(), content


def text_hash(text: str, *more: str) -> str:
    """Hash of a source text, the headers that it includes, and of `more` texts (flags, the compiler's version)."""
    digest = hashlib.sha256()
    for part in (text, *(piece for name, content in closure(text) for piece in (name, content)), *more):
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:_DIGITS]


def source_hash(name: str) -> str:
    """Hash of a file in `cu/` with its headers."""
    return text_hash(text_of(name))
