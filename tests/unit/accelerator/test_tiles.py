"""The search against an exhaustive one written down plainly, and cases worked out by hand."""

from itertools import permutations, product
from math import ceil, inf

import numpy as np
import pytest

from narrowgauge.archmodels.accelerator.tiles import best_tiling
from narrowgauge.errors import CapacityError

BITS = {"weight": 8.0, "activation": 8.0, "result": 16.0}
ENERGY = {"weight": 1.0, "activation": 1.0, "result": 1.0, "tile_result": 0.1}
ONE = {"weight": 1, "activation": 1, "result": 1}


def cycles_of_tiles(m, n, k):
    return np.ceil(m / 4) * np.ceil(n / 4) * k


def search(sizes, capacity, granule=ONE, bandwidth=64.0):
    room = {operand: float(capacity) for operand in BITS}
    return best_tiling(sizes, BITS, granule, room, ENERGY, bandwidth, cycles_of_tiles)


def choices(size):
    return sorted({min(2**i, size) for i in range(ceil(np.log2(size)) + 1)})


def plain(sizes, capacity, bandwidth):
    """The same rules as loops: returns the fewest cycles."""
    best = inf
    rows = {"weight": ("n", "k"), "activation": ("m", "k"), "result": ("m", "n")}
    for chosen in product(*(choices(sizes[d]) for d in "mnk")):
        tile = dict(zip("mnk", chosen, strict=True))
        size = {operand: tile[a] * tile[b] * BITS[operand] for operand, (a, b) in rows.items()}
        if any(bits > capacity / 2 for bits in size.values()):
            continue
        turns = {d: ceil(sizes[d] / tile[d]) for d in "mnk"}
        compute = turns["m"] * turns["n"] * turns["k"] * ceil(tile["m"] / 4) * ceil(tile["n"] / 4) * tile["k"]
        for order in permutations("mnk"):
            moved, kept = dict(size), dict(size)
            for operand, touched in rows.items():
                holds = True
                for loop in reversed(order):
                    if loop in touched or not holds:
                        moved[operand] *= turns[loop]
                    if loop in touched and holds:
                        holds = moved[operand] <= capacity / 2
                        kept[operand] = moved[operand] if holds else kept[operand]
            partial = moved["result"] - size["result"] * turns["m"] * turns["n"]
            first, last = kept["weight"] + kept["activation"], kept["result"]
            between = ceil((moved["weight"] + moved["activation"] + partial + moved["result"] - first - last) / bandwidth)
            best = min(best, compute + max(between - compute, 0) + ceil(first / bandwidth) + ceil(last / bandwidth))
    return best


@pytest.mark.parametrize("sizes", [(5, 7, 9), (16, 16, 64), (1, 100, 30), (33, 8, 100)])
@pytest.mark.parametrize("capacity", [600, 4000, 1_000_000])
@pytest.mark.parametrize("bandwidth", [8.0, 64.0])
def test_no_tiling_is_faster(sizes, capacity, bandwidth) -> None:
    named = dict(zip("mnk", sizes, strict=True))
    assert search(named, capacity, bandwidth=bandwidth).cycles == plain(named, capacity, bandwidth)


def test_with_room_for_everything_nothing_is_read_twice() -> None:
    found = search({"m": 16, "n": 32, "k": 64}, 1_000_000)
    assert (found.weight_read_bits, found.activation_read_bits, found.partial_sum_read_bits) == (32 * 64 * 8, 16 * 64 * 8, 0)
    assert found.dram_write_bits == 16 * 32 * 16


def test_a_row_fills_whole_granules() -> None:
    found = search({"m": 4, "n": 4, "k": 10}, 1_000_000, granule={"weight": 16, "activation": 1, "result": 1})
    assert found.weight_read_bits == 4 * 16 * 8


def test_a_buffer_smaller_than_two_elements_holds_no_tile() -> None:
    with pytest.raises(CapacityError, match="no tile fits"):
        search({"m": 4, "n": 4, "k": 4}, 15)
