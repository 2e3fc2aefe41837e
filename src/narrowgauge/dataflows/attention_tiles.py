"""Exact tile counts of causal and windowed attention, as closed forms over columns of shapes.

A CTA owns `tile_m` query rows and walks over the key/value blocks of `tile_n` tokens that any of its rows may see; a block
that only some rows see is computed in full and masked. With GQA packing the `pack` query heads that share one KV head are rows of
one matrix, so row r belongs to token r // pack. All functions are exact integer arithmetic (int64), no approximation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.family import Array


def ceil_div(a: Array | int, b: Array | int) -> Array:
    """Smallest integer not below a / b, for non-negative integers."""
    return -(-np.asarray(a, dtype=np.int64) // np.asarray(b, dtype=np.int64))


def floor_sum(n: Array, m: Array, a: Array, b: Array) -> Array:
    """Sum over i = 0 .. n-1 of (a·i + b) // m for n, a, b >= 0 and m > 0, by Euclid's descent (logarithmic in m).

    Exact while n²·a / m stays below 2^63."""
    n, m, a, b = (np.array(x, dtype=np.int64) for x in np.broadcast_arrays(n, m, a, b))
    total = np.zeros_like(n)
    live = n > 0
    while np.any(live):
        total += np.where(live, n * (n - 1) // 2 * (a // m) + n * (b // m), 0)
        a, b = a % m, b % m
        top = a * n + b
        live = live & (top >= m)
        n, b = np.where(live, top // m, 0), np.where(live, top % m, 0)
        m, a = np.where(live, a, 1), np.where(live, m, 0)
    return total


@dataclass(frozen=True)
class TileCounts:
    """Per sequence and head group: the query tiles, the KV blocks that they walk over together (exact), the most that one walks
    over (exact without a window, else up to two too many), and how many of all blocks the diagonal or a window's edge cuts (an
    estimate)."""

    q_tiles: Array
    blocks: Array
    longest: Array
    masked: Array


def causal_tiles(isl: Array, step: Array, window: Array, pack: Array, tile_m: Array, tile_n: Array) -> TileCounts:
    """Tiles of a causal prefill: `isl` new tokens behind `step` cached ones; `window` > 0 lets a token see itself and that many
    before it. `pack` query heads share a tile."""
    isl, step, window, pack, tile_m, tile_n = (
        np.array(x, dtype=np.int64) for x in np.broadcast_arrays(isl, step, window, pack, tile_m, tile_n)
    )
    q_tiles = ceil_div(isl * pack, tile_m)
    scaled = pack * tile_n
    # the last token of tile i is ((i+1)·tile_m - 1) // pack, and nested floors collapse into one; the last tile ends at isl - 1
    inner = floor_sum(q_tiles - 1, scaled, tile_m, tile_m - 1 + step * pack) + q_tiles - 1
    last = (step + isl - 1) // tile_n + 1
    ends = inner + last
    # tiles before `first_cut` start at token 0; later ones at block (step + i·tile_m // pack - window) // tile_n
    reach = np.where(window > 0, window, step + isl)
    first_cut = np.minimum(ceil_div(np.maximum(reach - step, 0) * pack, tile_m), q_tiles)
    skipped = floor_sum(q_tiles - first_cut, scaled, tile_m, np.maximum(first_cut * tile_m + (step - reach) * pack, 0))
    blocks = ends - skipped
    span = np.where(tile_m % pack == 0, tile_m // pack, ceil_div(tile_m - 1, pack) + 1)
    widest = np.minimum(reach + np.minimum(span, isl), step + isl)
    longest = np.minimum(ceil_div(widest - 1, tile_n) + 1, last)
    diagonal = np.minimum(ceil_div(ceil_div(tile_m, pack), tile_n), last)
    masked = np.minimum(q_tiles * diagonal * np.where(window > 0, 2, 1), blocks)
    return TileCounts(q_tiles, blocks, longest, masked)


def tile_blocks(isl: int, step: int, window: int, pack: int, tile_m: int, tile_n: int) -> Array:
    """KV blocks that each query tile of one sequence and head group walks over, in the order of its rows; they add up to the
    `blocks` of `causal_tiles`."""
    first_row = np.arange(-(-isl * pack // tile_m), dtype=np.int64) * tile_m
    last_token = np.minimum((first_row + tile_m - 1) // pack, isl - 1)
    first_seen = np.maximum(step + first_row // pack - window, 0) if window > 0 else np.zeros_like(first_row)
    return np.asarray((step + last_token) // tile_n + 1 - first_seen // tile_n)
