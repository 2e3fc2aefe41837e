"""The search for the best tiling as it is run: NumPy for a few rows, compiled for many, also with numbers per row.

What is compiled are the code objects of `gemm_search`, so both give the same answer to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np

from narrowgauge.dataflows import gemm_search
from narrowgauge.dataflows.family import Array
from narrowgauge.dataflows.gemm_search import Numbers, search_numpy, search_rows

Found = tuple[Array, Array, Array, Array]

#: below this many candidates NumPy is faster than loading the compiler
NUMPY_CANDIDATES = 120_000
#: in the order in which they call each other
# fmt: off
_COMPILED = ("_missing", "row_terms", "_step_cycles", "tile_terms", "_waiting_cycles", "_round_cycles", "sm_time", "dram_time",
             "split_time", "overlapped", "least_time", "gemv_time", "sustained", "search_rows", "search_stretches")
# fmt: on
#: the numbers are finite; nothing may be reordered or fused, or NumPy would give other last bits and other winners of ties
_FLAGS = {"nnan", "ninf", "nsz"}


def search_stretches(m: Any, n: Any, k: Any, tiles: Any, splits: Any, records: Any, starts: Any) -> Any:
    """`search_rows` for stretches of rows with numbers of their own: rows `starts[i]` to `starts[i + 1]` read `records[i]`."""
    latency, dram = np.empty(m.shape[0]), np.empty(m.shape[0])
    tile_index, split_index = np.empty(m.shape[0], np.int64), np.empty(m.shape[0], np.int64)
    for i in range(records.shape[0]):
        rows = slice(starts[i], starts[i + 1])
        found = search_rows(m[rows], n[rows], k[rows], tiles, splits, records[i])
        latency[rows], dram[rows], tile_index[rows], split_index[rows] = found
    return latency, dram, tile_index, split_index


@lru_cache(maxsize=1)
def _compiled() -> Mapping[str, Callable[..., Found]]:
    """The functions compiled: the same code objects, their calls to each other bound to the compiled versions."""
    import numba

    scope: dict[str, Any] = {**vars(gemm_search), "search_stretches": search_stretches}
    for name in _COMPILED:
        source = FunctionType(scope[name].__code__, scope, name)
        scope[name] = numba.njit(error_model="numpy", fastmath=_FLAGS, cache=True)(source)
    return scope


def search(m: Array, n: Array, k: Array, tiles: Array, splits: Array, x: Numbers) -> Found:
    """Best tiling of each row: latency and DRAM time in us, index of the tile (-1: the CUDA-core kernel) and of the split.

    The numbers may be columns, one entry per row."""
    if any(np.ndim(number) for number in x):
        return _search_varied(m, n, k, tiles, splits, x)
    few = len(m) * len(tiles) * len(splits) <= NUMPY_CANDIDATES
    loaded = _compiled.cache_info().currsize > 0
    run = search_numpy if few and not loaded else _compiled()["search_rows"]
    return run(m, n, k, tiles, splits, x)


def _search_varied(m: Array, n: Array, k: Array, tiles: Array, splits: Array, x: Numbers) -> Found:
    """Neighbours that read the same numbers are searched together."""
    records = np.recarray(len(m), [(name, float) for name in x._fields])
    changes = np.zeros(len(m), bool)
    for name, number in zip(x._fields, x, strict=True):
        records[name] = number
        if np.ndim(number):
            changes[1:] |= np.diff(number) != 0.0
    starts = np.concatenate([[0], np.flatnonzero(changes), [len(m)]])
    return _compiled()["search_stretches"](m, n, k, tiles, splits, np.asarray(records[starts[:-1]]), starts)
