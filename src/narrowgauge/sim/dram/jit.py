"""How the engine's functions are compiled. Importing this loads numba; NUMBA_DISABLE_JIT=1 leaves them plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def entry(function: F) -> F:
    """A function that Python calls."""
    made: F = numba.njit(cache=True, error_model="numpy", _nrt=False)(function)  # type: ignore[assignment]
    return made


def helper(function: F) -> F:
    """A function that only compiled code calls: without the wrappers that take long to compile."""
    made: F = numba.njit(cache=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)(function)  # type: ignore[call-overload]
    return made
