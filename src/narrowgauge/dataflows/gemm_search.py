"""Cost of one GEMM under one tiling, and the search for the best tiling.

The three functions below are written with arithmetic that is valid for scalars and for broadcast arrays alike: NumPy runs them
over (rows, tiles, splits) when there are few rows, a compiled loop runs the same functions row by row when there are many. Both
give the same answer (tests), and starting a process to price one model does not pay for a compiler.

The schedule that is costed: each CTA walks along K in steps of `step_k` with an asynchronous copy pipeline of `stages` tiles
in shared memory; `resident` CTAs share an SM; CTAs beyond `sm_count * resident` run in further rounds; `split` CTAs may share
one output tile and add their partial sums through memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from narrowgauge.dataflows.family import Array

#: below this many candidates NumPy is faster than importing the compiler
NUMPY_CANDIDATES = 120_000
MAX_STAGES = 6.0  # deepest asynchronous copy pipeline that the libraries instantiate
SPLIT_STEPS = 2.0  # fewer steps than this per part are not worth a split
MAX_RESIDENT = 4.0  # CTAs of a GEMM kernel per SM: 128 threads each at 128 registers
INFEASIBLE_US = 1e15


class Numbers(NamedTuple):
    """Everything that the closed form reads, in cycles, bytes and microseconds (machine, formats and fit already merged)."""

    sm_count: float
    cycles_per_us: float
    tensor_macs: float  # per SM and cycle
    l2_sm_bytes: float  # per cycle into one SM
    l2_bytes: float  # per cycle into all SMs
    dram_bytes_per_us: float
    write_bytes_per_us: float
    l2_capacity: float
    smem_bytes: float
    accumulator_bytes: float  # registers of an SM that hold sums
    step_latency: float  # cycles from issue to arrival of one step's tiles
    fill_latencies: float  # of those before the first and after the last step of a CTA
    store_bytes: float  # per cycle and SM
    cta_cycles: float
    split_us: float
    split_traffic: float
    launch_us: float
    ramp_us: float
    ramp_bytes: float
    weight_copies: float
    exposed_step: float
    exposed_dram: float
    refetch: float
    power_drop: float
    power_time_us: float
    gemv_max_m: float
    gemv_us: float
    gemv_dram_bytes_per_us: float
    gemv_macs_per_us: float
    gemv_chain_us: float  # per element of K
    quantize_us: float
    quantize_bytes_per_us: float
    quantize_row_us: float
    activation_bytes: float
    weight_bytes: float
    output_bytes: float
    step_k: float
    convert_cycles: float  # per weight and SM
    promote_cycles: float  # per output element, each step


def _missing(reuse_distance: Any, capacity: Any) -> Any:
    """Share of a tensor that a cache of that capacity no longer holds after so many other bytes: a soft step at 1."""
    ratio = reuse_distance / capacity
    fourth = (ratio * ratio) * (ratio * ratio)
    return fourth / (1.0 + fourth)


def row_terms(m: Any, n: Any, k: Any, x: Numbers) -> Any:
    """What does not depend on the tiling: bytes that come from and go to DRAM, and the time that takes."""
    weights = n * k * x.weight_bytes
    inputs = m * k * x.activation_bytes
    outputs = m * n * x.output_bytes
    moved = inputs + outputs
    weights_cold = _missing(x.weight_copies * weights + moved, x.l2_capacity)
    others_cold = _missing(weights + moved, x.l2_capacity)
    reads = weights * weights_cold + inputs * others_cold
    writes = outputs * others_cold
    reread = _missing(weights + inputs, x.l2_capacity) * x.refetch
    ramp_us = x.ramp_us * reads / (reads + x.ramp_bytes)
    return reads, writes, reread, ramp_us


def tile_terms(tile_m: Any, tile_n: Any, x: Numbers) -> Any:
    """Per tile shape: CTAs per SM, bytes of a step, and its time on each resource, in cycles for one CTA alone."""
    step_bytes = (tile_m * x.activation_bytes + tile_n * x.weight_bytes) * x.step_k
    resident = np.floor(np.minimum(x.accumulator_bytes / (tile_m * tile_n * 4.0), x.smem_bytes / (2.0 * step_bytes)))
    resident = np.minimum(MAX_RESIDENT, np.maximum(1.0, resident))
    stages = np.minimum(MAX_STAGES, np.maximum(2.0, np.floor(x.smem_bytes / (resident * step_bytes))))
    multiply = tile_m * tile_n * x.step_k / x.tensor_macs
    convert = tile_n * x.step_k * x.convert_cycles + tile_m * tile_n * x.promote_cycles
    latency = x.step_latency / (stages - 1.0)
    finish = tile_m * tile_n * x.output_bytes / x.store_bytes + x.cta_cycles
    return step_bytes, resident, multiply, convert, latency, finish


def _round_cycles(ctas_per_sm: Any, ctas: Any, steps: Any, tile: Any, x: Numbers) -> Any:
    """Cycles of one round in which the busiest SM works on `ctas_per_sm` CTAs and the whole GPU on `ctas`."""
    step_bytes, _, multiply, convert, latency, finish = tile
    tensor = ctas_per_sm * multiply
    cuda = ctas_per_sm * convert
    l2 = step_bytes * np.maximum(ctas_per_sm / x.l2_sm_bytes, ctas / x.l2_bytes)
    longest = np.maximum(np.maximum(tensor, cuda), np.maximum(l2, latency))
    work = tensor + cuda + l2
    step = longest + x.exposed_step * (work - np.minimum(longest, work))
    return steps * step + x.fill_latencies * x.step_latency + finish * ctas_per_sm


def split_cost(
    m: Any, n: Any, k: Any, tile_m: Any, tile_n: Any, cluster: Any, row: Any, tile: Any, split: Any, x: Numbers
) -> Any:
    """Time in us of the whole kernel, and the part of it that DRAM alone would need."""
    reads, writes, reread, ramp_us = row
    resident = tile[1]
    grid_m, grid_n = np.ceil(m / (tile_m * cluster)) * cluster, np.ceil(n / tile_n)
    slots = x.sm_count * resident
    steps = np.ceil(k / (split * x.step_k))
    ctas = grid_m * grid_n * split
    infeasible = (split > 1.0) * ((steps < SPLIT_STEPS) + (ctas > 2.0 * slots)) * INFEASIBLE_US
    rounds = np.floor(ctas / slots)
    rest = ctas - rounds * slots
    rest_per_sm = np.ceil(rest / x.sm_count)
    cycles = rounds * _round_cycles(resident, slots, steps, tile, x)
    cycles = cycles + (rest > 0.0) * _round_cycles(rest_per_sm, rest, steps, tile, x)
    sm_us = cycles / x.cycles_per_us
    # what one round of CTAs covers of A and B, read again by the next round where L2 has lost it
    together = np.minimum(grid_m * grid_n, np.maximum(1.0, slots / split))
    wide_m = np.minimum(grid_m, np.maximum(1.0, np.sqrt(together * tile_n / tile_m)))
    wide_n = np.minimum(grid_n, np.maximum(1.0, together / wide_m))
    wide_m = np.minimum(grid_m, np.maximum(1.0, together / wide_n))
    passes = np.maximum(1.0, grid_m * grid_n / (wide_m * wide_n))
    streamed = passes * (wide_m * tile_m * x.activation_bytes + wide_n * tile_n * x.weight_bytes) * k
    compulsory = n * k * x.weight_bytes + m * k * x.activation_bytes
    read_us = (reads + np.maximum(0.0, streamed - compulsory) * reread) / x.dram_bytes_per_us
    dram_us = read_us + writes / x.write_bytes_per_us + ramp_us
    total = x.launch_us + np.maximum(sm_us, dram_us) + x.exposed_dram * np.minimum(sm_us, dram_us)
    partial_sums = split * m * n * 8.0 / (x.l2_bytes * x.cycles_per_us)
    total = total + (split > 1.0) * (x.split_us + x.split_traffic * partial_sums)
    return total + infeasible, dram_us


def gemv_cost(m: Any, n: Any, k: Any, row: Any, x: Numbers) -> Any:
    """Time in us of the CUDA-core kernel that libraries switch to for a few rows: it streams the weights once."""
    reads, _, _, ramp_us = row
    weights = n * k * x.weight_bytes
    stream = np.maximum(reads / x.gemv_dram_bytes_per_us, weights / (x.l2_bytes * x.cycles_per_us))
    arithmetic = m * n * k / x.gemv_macs_per_us
    busiest = np.maximum(np.maximum(stream, arithmetic), k * x.gemv_chain_us)
    return x.launch_us + x.gemv_us + ramp_us + busiest + (m > x.gemv_max_m) * INFEASIBLE_US


def finish(m: Any, n: Any, k: Any, best_us: Any, x: Numbers) -> Any:
    """The kernel at the sustained clock: tensor-bound work lowers it once it lasts longer than the power controller waits."""
    ideal_us = m * n * k / (x.tensor_macs * x.sm_count * x.cycles_per_us)
    return best_us * (1.0 + x.power_drop * (ideal_us / best_us) * best_us / (best_us + x.power_time_us))


def _search_numpy(m: Array, n: Array, k: Array, tiles: Array, splits: Array, x: Numbers) -> tuple[Array, Array, Array, Array]:
    rows = (a[:, None, None] for a in (m, n, k))
    m3, n3, k3 = rows
    tile_m, tile_n, cluster, m_from, m_to = (tiles[None, :, column, None] for column in range(tiles.shape[1]))
    row = row_terms(m3, n3, k3, x)
    tile = tile_terms(tile_m, tile_n, x)
    total, dram_us = split_cost(m3, n3, k3, tile_m, tile_n, cluster, row, tile, splits[None, None, :], x)
    total = total + ((m3 < m_from) | (m3 > m_to)) * INFEASIBLE_US
    flat = total.reshape(len(m), -1)
    best = np.argmin(flat, axis=1)
    best_us = np.take_along_axis(flat, best[:, None], axis=1)[:, 0]
    dram = np.take_along_axis(np.broadcast_to(dram_us, total.shape).reshape(len(m), -1), best[:, None], axis=1)[:, 0]
    gemv = gemv_cost(m, n, k, row_terms(m, n, k, x), x)
    wins = gemv < best_us
    tile_index = np.where(wins, -1, best // len(splits))
    return finish(m, n, k, np.where(wins, gemv, best_us), x), dram, tile_index, np.where(wins, 0, best % len(splits))


def _search_rows(m: Any, n: Any, k: Any, tiles: Any, splits: Any, x: Any) -> Any:
    count = m.shape[0]
    latency, dram = np.empty(count), np.empty(count)
    tile_index, split_index = np.empty(count, np.int64), np.empty(count, np.int64)
    tile_table = [tile_terms(tiles[t, 0], tiles[t, 1], x) for t in range(tiles.shape[0])]
    for i in range(count):
        row = row_terms(m[i], n[i], k[i], x)
        best_us, best_dram, best_tile, best_split = INFEASIBLE_US, 0.0, 0, 0
        for t in range(tiles.shape[0]):
            if m[i] < tiles[t, 3] or m[i] > tiles[t, 4]:
                continue
            tile_m, tile_n, cluster, tile = tiles[t, 0], tiles[t, 1], tiles[t, 2], tile_table[t]
            ctas = np.ceil(m[i] / (tile_m * cluster)) * cluster * np.ceil(n[i] / tile_n)
            if x.launch_us + ctas * np.ceil(k[i] / x.step_k) * max(tile[2], tile[3]) / (x.sm_count * x.cycles_per_us) >= best_us:
                continue  # the work alone, spread evenly, already takes longer
            for s in range(splits.shape[0]):
                if s > 0 and (ctas * splits[s] > 2.0 * x.sm_count * tile[1] or splits[s] * x.step_k >= k[i]):
                    break  # infeasible in split_cost, and so are all larger ones
                total, dram_us = split_cost(m[i], n[i], k[i], tile_m, tile_n, cluster, row, tile, splits[s], x)
                if total < best_us:
                    best_us, best_dram, best_tile, best_split = total, dram_us, t, s
        gemv = gemv_cost(m[i], n[i], k[i], row, x)
        if gemv < best_us:
            best_us, best_tile, best_split = gemv, -1, 0
        latency[i] = finish(m[i], n[i], k[i], best_us, x)
        dram[i], tile_index[i], split_index[i] = best_dram, best_tile, best_split
    return latency, dram, tile_index, split_index


#: in the order in which they call each other
_COMPILED = ("_missing", "row_terms", "tile_terms", "_round_cycles", "split_cost", "gemv_cost", "finish", "_search_rows")


@lru_cache(maxsize=1)
def _compiled_search() -> Callable[..., tuple[Array, Array, Array, Array]]:
    """`_search_rows` compiled: the same code objects, their calls to each other bound to the compiled versions."""
    import numba

    scope = dict(globals())
    for name in _COMPILED:
        source = FunctionType(globals()[name].__code__, scope, name)
        scope[name] = numba.njit(error_model="numpy", fastmath=True, cache=True)(source)
    search_rows: Callable[..., tuple[Array, Array, Array, Array]] = scope["_search_rows"]
    return search_rows


def search(m: Array, n: Array, k: Array, tiles: Array, splits: Array, x: Numbers) -> tuple[Array, Array, Array, Array]:
    """Best tiling of each row: latency and DRAM time in us, index of the tile (-1: the CUDA-core kernel) and of the split."""
    few = len(m) * len(tiles) * len(splits) <= NUMPY_CANDIDATES
    return (_search_numpy if few else _compiled_search())(m, n, k, tiles, splits, x)
