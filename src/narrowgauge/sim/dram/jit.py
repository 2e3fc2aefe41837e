"""How the engine's functions are compiled. Importing this loads numba; NUMBA_DISABLE_JIT=1 leaves them plain Python.

`_nrt=False`: nothing is allocated in compiled code, so references to arrays need no counting; counting took most of the time.
Only the entry is cached: it contains all the others."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])
COMMON: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
INSIDE: dict[str, Any] = {**COMMON, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
#: the files that compiled code is made of
SOURCES = ("burst", "choice", "columns", "engine", "jit", "queue", "registers", "steps")


def entry(function: F) -> F:
    """A function that Python calls, kept on disk. It must close over `fingerprint()`: numba's cache looks at closures and at
    the file of the function, not at the files of what it calls."""
    made: F = numba.njit(cache=True, **COMMON)(function)
    return made


def inlined(function: F) -> F:
    """A function that only compiled code calls; passing its arrays would often cost more than its work."""
    made: F = numba.njit(**INSIDE)(function)
    return made


def fingerprint() -> int:
    """A number that changes with the sources of the engine."""
    folder = Path(__file__).parent
    return zlib.crc32(b"".join((folder / f"{name}.py").read_bytes() for name in SOURCES))
