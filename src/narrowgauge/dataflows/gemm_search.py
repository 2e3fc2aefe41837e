"""Cost of one GEMM under one tiling, and the search for the best tiling (`gemm_compiled` chooses between its two forms).

The functions of the closed form are written with arithmetic that is valid for scalars and for broadcast arrays alike: NumPy runs
them over (rows, tiles, splits) when there are few rows, a compiled loop runs the same functions row by row when there are many
and leaves out what a lower bound excludes. Both give the same answer to the last bit (tests), and starting a process to price one
model does not pay for a compiler.

The schedule that is costed: each CTA walks along K in steps of `step_k` with an asynchronous copy pipeline of `stages` tiles
in shared memory; `resident` CTAs share an SM; CTAs beyond `sm_count * resident` run in further rounds; `split` CTAs may share
one output tile and add their partial sums through memory.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from narrowgauge.dataflows.family import Array

MAX_STAGES = 6.0  # deepest asynchronous copy pipeline that the libraries instantiate
COPIED_AHEAD = 2.0  # stages from which on a step's tiles are loaded while the one before is worked on
SPLIT_SLOTS = 2.0  # CTAs per place on the GPU beyond which no library splits further
SPLIT_STEPS = 2.0  # fewer steps than this per part are not worth a split
MAX_RESIDENT = 4.0  # CTAs of a GEMM kernel per SM: 128 threads each at 128 registers
ANY_ROWS = 1e9  # one conversion of the weights serves all rows of a tile
INFEASIBLE_US = 1e15
BOUND = 1.0 - 1e-9  # on lower bounds, so that rounding cannot exclude the best


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
    convert_rows: float = ANY_ROWS  # of a tile that one conversion of its weights serves
    serial_convert: float = 0.0  # share of the conversion during which the tensor core waits
    max_stages: float = MAX_STAGES  # 1: loads are waited for, nothing is copied ahead
    max_resident: float = MAX_RESIDENT
    split_slots: float = SPLIT_SLOTS
    split_least: float = 1.0  # the fewest parts that the library has: taken however short they are
    feed_cycles: float = 0.0  # per byte of a step on its way through shared memory into the unit; 0 where a fit holds it


def _missing(reuse_distance: Any, capacity: Any) -> Any:
    """Share of a tensor that a cache of that capacity no longer holds after so many other bytes: a soft step at 1."""
    ratio = reuse_distance / capacity
    fourth = (ratio * ratio) * (ratio * ratio)
    return fourth / (1.0 + fourth)


class RowTerms(NamedTuple):
    """What does not depend on the tiling. `once_us` is DRAM's time for every operand and result once, `again_us` that of a byte
    which is read again."""

    reads: Any
    writes: Any
    ramp_us: Any
    once_us: Any
    again_us: Any


class TileTerms(NamedTuple):
    """What does not depend on the row: bytes of a step, CTAs per SM and the stages of their copy pipelines, cycles of a step on
    each resource for one CTA alone, cycles after the last step; `even` is a lower bound of the cycles of a step per CTA, whatever
    else runs on the SM."""

    step_bytes: Any
    resident: Any
    stages: Any
    multiply: Any
    convert: Any
    latency: Any
    finish: Any
    even: Any


def row_terms(m: Any, n: Any, k: Any, x: Numbers) -> RowTerms:
    """Bytes that come from and go to DRAM under any tiling, and the time that takes."""
    weights = n * k * x.weight_bytes
    inputs = m * k * x.activation_bytes
    outputs = m * n * x.output_bytes
    moved = inputs + outputs
    weights_cold = _missing(x.weight_copies * weights + moved, x.l2_capacity)
    others_cold = _missing(weights + moved, x.l2_capacity)
    reads = weights * weights_cold + inputs * others_cold
    writes = outputs * others_cold
    ramp_us = x.ramp_us * reads / (reads + x.ramp_bytes)
    once_us = reads / x.dram_bytes_per_us + writes / x.write_bytes_per_us + ramp_us
    again_us = _missing(weights + inputs, x.l2_capacity) * x.refetch / x.dram_bytes_per_us
    return RowTerms(reads, writes, ramp_us, once_us, again_us)


def _step_cycles(tensor: Any, cuda: Any, l2: Any, latency: Any, x: Numbers) -> Any:
    """The longest of the resources, and the share of the others' work that is not hidden behind it."""
    longest = np.maximum(np.maximum(tensor, cuda), np.maximum(l2, latency))
    work = tensor + cuda + l2
    return longest + x.exposed_step * (work - np.minimum(longest, work))


def tile_terms(tile_m: Any, tile_n: Any, x: Numbers) -> TileTerms:
    """How a tile shape occupies an SM, and the length of its steps."""
    step_bytes = (tile_m * x.activation_bytes + tile_n * x.weight_bytes) * x.step_k
    resident = np.floor(np.minimum(x.accumulator_bytes / (tile_m * tile_n * 4.0), x.smem_bytes / (2.0 * step_bytes)))
    resident = np.minimum(x.max_resident, np.maximum(1.0, resident))
    stages = np.minimum(x.max_stages, np.maximum(2.0, np.floor(x.smem_bytes / (resident * step_bytes))))
    multiply = np.maximum(tile_m * tile_n * x.step_k / x.tensor_macs, step_bytes * x.feed_cycles)
    convert = tile_n * x.step_k * x.convert_cycles * np.ceil(tile_m / x.convert_rows) + tile_m * tile_n * x.promote_cycles
    multiply = multiply + x.serial_convert * convert
    latency = x.step_latency / np.maximum(stages - 1.0, 1.0) + (stages < COPIED_AHEAD) * (multiply + convert)
    finish = tile_m * tile_n * x.output_bytes / x.store_bytes + x.cta_cycles
    l2 = step_bytes * np.maximum(1.0 / x.l2_sm_bytes, x.sm_count / x.l2_bytes)
    even = _step_cycles(multiply, convert, l2, latency / resident, x)
    return TileTerms(step_bytes, resident, stages, multiply, convert, latency, finish, even)


def _waiting_cycles(ctas_per_sm: Any, tile: TileTerms) -> Any:
    """Cycles of a step where nothing is copied ahead: CTAs take turns on the busier resource between their waits, as a closed
    queueing network of one station and a delay does, by Schweitzer's approximation to mean value analysis (1979)."""
    own = np.maximum(tile.multiply, tile.convert)
    delay = np.maximum(0.0, tile.latency - own)
    excess = ctas_per_sm * own - delay
    return delay + 0.5 * (excess + np.sqrt(excess * excess + 4.0 * own * delay))


def _round_cycles(ctas_per_sm: Any, ctas: Any, steps: Any, tile: TileTerms, x: Numbers) -> Any:
    """Cycles of one round in which the busiest SM works on `ctas_per_sm` CTAs and the whole GPU on `ctas`."""
    l2 = tile.step_bytes * np.maximum(ctas_per_sm / x.l2_sm_bytes, ctas / x.l2_bytes)
    step = _step_cycles(ctas_per_sm * tile.multiply, ctas_per_sm * tile.convert, l2, tile.latency, x)
    step = step + (tile.stages < COPIED_AHEAD) * np.maximum(0.0, _waiting_cycles(ctas_per_sm, tile) - step)
    return steps * step + x.fill_latencies * x.step_latency + tile.finish * ctas_per_sm


def sm_time(grid: Any, k: Any, tile: TileTerms, split: Any, x: Numbers) -> Any:
    """Time in us that the SMs need for `grid` output tiles, each shared by `split` CTAs."""
    slots = x.sm_count * tile.resident
    steps = np.ceil(k / (split * x.step_k))
    ctas = grid * split
    rounds = np.floor(ctas / slots)
    rest = ctas - rounds * slots
    rest_per_sm = np.ceil(rest / x.sm_count)
    cycles = rounds * _round_cycles(tile.resident, slots, steps, tile, x)
    cycles = cycles + (rest > 0.0) * _round_cycles(rest_per_sm, rest, steps, tile, x)
    return cycles / x.cycles_per_us


def dram_time(grid_m: Any, grid_n: Any, size: Any, shape: Any, row: RowTerms, tile: TileTerms, split: Any, x: Numbers) -> Any:
    """Time in us that DRAM needs: everything once, and what one round of CTAs covers of A and B again in the next round, where L2
    has lost it. `size` is (m, n, k), `shape` the tile's (rows, channels)."""
    m, n, k = size
    tile_m, tile_n = shape
    grid = grid_m * grid_n
    together = np.minimum(grid, np.maximum(1.0, x.sm_count * tile.resident / split))
    wide_m = np.minimum(grid_m, np.maximum(1.0, np.sqrt(together * tile_n / tile_m)))
    wide_n = np.minimum(grid_n, np.maximum(1.0, together / wide_m))
    wide_m = np.minimum(grid_m, np.maximum(1.0, together / wide_n))
    passes = np.maximum(1.0, grid / (wide_m * wide_n))
    streamed = passes * (wide_m * tile_m * x.activation_bytes + wide_n * tile_n * x.weight_bytes) * k
    compulsory = n * k * x.weight_bytes + m * k * x.activation_bytes
    return row.once_us + np.maximum(0.0, streamed - compulsory) * row.again_us


def split_time(grid: Any, size: Any, tile: TileTerms, split: Any, x: Numbers) -> Any:
    """Time in us that a split adds: its second kernel and the partial sums; INFEASIBLE_US for one that no library would choose.
    It grows with the split."""
    m, n, k = size
    few_steps = np.ceil(k / (split * x.step_k)) < SPLIT_STEPS
    many_ctas = grid * split > x.split_slots * x.sm_count * tile.resident
    partial_sums = split * m * n * 8.0 / (x.l2_bytes * x.cycles_per_us)
    unwanted = (few_steps | many_ctas) & (split > x.split_least)
    return (split > 1.0) * (x.split_us + x.split_traffic * partial_sums + unwanted * INFEASIBLE_US)


def overlapped(sm_us: Any, dram_us: Any, x: Numbers) -> Any:
    """Launch, the longer of the two, and the share of the shorter that is not hidden."""
    return x.launch_us + np.maximum(sm_us, dram_us) + x.exposed_dram * np.minimum(sm_us, dram_us)


def least_time(grid: Any, k: Any, row: RowTerms, tile: TileTerms, x: Numbers) -> Any:
    """No split of this tile takes less: its steps spread evenly over the SMs, and everything once through DRAM."""
    cycles = grid * (np.ceil(k / x.step_k) * tile.even + tile.finish) / x.sm_count + x.fill_latencies * x.step_latency
    return overlapped(cycles / x.cycles_per_us, row.once_us, x) * BOUND


def gemv_time(m: Any, n: Any, k: Any, row: RowTerms, x: Numbers) -> Any:
    """Time in us of the CUDA-core kernel that libraries switch to for a few rows: it streams the weights once."""
    weights = n * k * x.weight_bytes
    stream = np.maximum(row.reads / x.gemv_dram_bytes_per_us, weights / (x.l2_bytes * x.cycles_per_us))
    arithmetic = m * n * k / x.gemv_macs_per_us
    busiest = np.maximum(np.maximum(stream, arithmetic), k * x.gemv_chain_us)
    return x.launch_us + x.gemv_us + row.ramp_us + busiest + (m > x.gemv_max_m) * INFEASIBLE_US


def sustained(m: Any, n: Any, k: Any, best_us: Any, x: Numbers) -> Any:
    """The kernel at the sustained clock: tensor-bound work lowers it once it lasts longer than the power controller waits."""
    ideal_us = m * n * k / (x.tensor_macs * x.sm_count * x.cycles_per_us)
    return best_us * (1.0 + x.power_drop * ideal_us / (best_us + x.power_time_us))


def search_numpy(m: Array, n: Array, k: Array, tiles: Array, splits: Array, x: Numbers) -> tuple[Array, Array, Array, Array]:
    """Every tile and split of every row at once: latency and DRAM time in us, index of the tile (-1: the CUDA-core kernel) and of
    the split."""
    m3, n3, k3 = size = tuple(a[:, None, None] for a in (m, n, k))
    tile_m, tile_n, cluster, m_from, m_to = (tiles[None, :, column, None] for column in range(tiles.shape[1]))
    row, tile, split = row_terms(m3, n3, k3, x), tile_terms(tile_m, tile_n, x), splits[None, None, :]
    grid_m, grid_n = np.ceil(m3 / (tile_m * cluster)) * cluster, np.ceil(n3 / tile_n)
    dram_us = dram_time(grid_m, grid_n, size, (tile_m, tile_n), row, tile, split, x)
    total = overlapped(sm_time(grid_m * grid_n, k3, tile, split, x), dram_us, x)
    total = total + split_time(grid_m * grid_n, size, tile, split, x)
    total = total + ((np.ceil(m3) < m_from) | (np.ceil(m3) > m_to)) * INFEASIBLE_US
    flat = total.reshape(len(m), -1)
    best = np.argmin(flat, axis=1)
    best_us = np.take_along_axis(flat, best[:, None], axis=1)[:, 0]
    dram = np.take_along_axis(np.broadcast_to(dram_us, total.shape).reshape(len(m), -1), best[:, None], axis=1)[:, 0]
    gemv = gemv_time(m, n, k, row_terms(m, n, k, x), x)
    wins = gemv < best_us
    tile_index = np.where(wins, -1, best // len(splits))
    return sustained(m, n, k, np.where(wins, gemv, best_us), x), dram, tile_index, np.where(wins, 0, best % len(splits))


def search_rows(m: Any, n: Any, k: Any, tiles: Any, splits: Any, x: Any) -> Any:
    """The same row by row: the tile with the smallest bound first, then those whose bound is below the best found; ties go to the
    earlier tile."""
    count, shapes = m.shape[0], tiles.shape[0]
    latency, dram = np.empty(count), np.empty(count)
    tile_index, split_index = np.empty(count, np.int64), np.empty(count, np.int64)
    tile_table = [tile_terms(tiles[t, 0], tiles[t, 1], x) for t in range(shapes)]
    least = np.empty(shapes)
    for i in range(count):
        size = (m[i], n[i], k[i])
        row = row_terms(m[i], n[i], k[i], x)
        for t in range(shapes):
            grid = np.ceil(m[i] / (tiles[t, 0] * tiles[t, 2])) * tiles[t, 2] * np.ceil(n[i] / tiles[t, 1])
            unused = (np.ceil(m[i]) < tiles[t, 3]) | (np.ceil(m[i]) > tiles[t, 4])
            least[t] = least_time(grid, k[i], row, tile_table[t], x) + unused * INFEASIBLE_US
        first = int(np.argmin(least))
        best_us, best_dram, best_tile, best_split = INFEASIBLE_US, 0.0, shapes, 0
        for turn in range(-1, shapes):
            t = first if turn < 0 else turn
            if turn == first or least[t] > best_us:
                continue
            tile, shape = tile_table[t], (tiles[t, 0], tiles[t, 1])
            grid_m, grid_n = np.ceil(m[i] / (tiles[t, 0] * tiles[t, 2])) * tiles[t, 2], np.ceil(n[i] / tiles[t, 1])
            for s in range(splits.shape[0]):
                added_us = split_time(grid_m * grid_n, size, tile, splits[s], x)
                if least[t] + added_us > best_us:
                    break  # so are all larger splits
                sm_us = sm_time(grid_m * grid_n, k[i], tile, splits[s], x)
                if (overlapped(sm_us, row.once_us, x) + added_us) * BOUND > best_us:
                    continue
                dram_us = dram_time(grid_m, grid_n, size, shape, row, tile, splits[s], x)
                total = overlapped(sm_us, dram_us, x) + added_us
                if total < best_us or (total == best_us and t < best_tile):
                    best_us, best_dram, best_tile, best_split = total, dram_us, t, s
        gemv = gemv_time(m[i], n[i], k[i], row, x)
        if gemv < best_us:
            best_us, best_tile, best_split = gemv, -1, 0
        latency[i] = sustained(m[i], n[i], k[i], best_us, x)
        dram[i], tile_index[i], split_index[i] = best_dram, best_tile, best_split
    return latency, dram, tile_index, split_index
