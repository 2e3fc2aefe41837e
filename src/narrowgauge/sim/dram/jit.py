"""How the engine's functions are compiled. Importing this loads numba; NUMBA_DISABLE_JIT=1 leaves them plain Python.

`_nrt=False`: nothing is allocated in compiled code, so references to arrays need no counting; counting took most of the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])
COMMON: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}
INSIDE: dict[str, Any] = {**COMMON, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def entry(function: F) -> F:
    """A function that Python calls."""
    made: F = numba.njit(**COMMON)(function)
    return made


def helper(function: F) -> F:
    """A function that only compiled code calls: without the wrappers that take long to compile."""
    made: F = numba.njit(**INSIDE)(function)
    return made


def inlined(function: F) -> F:
    """A helper so small or so often called that passing its arrays would cost more than its work."""
    made: F = numba.njit(forceinline=True, **INSIDE)(function)
    return made
