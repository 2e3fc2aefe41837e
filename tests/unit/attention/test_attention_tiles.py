"""Do the closed forms count exactly the tiles that a loop over rows would visit?"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.dataflows.attention_tiles import causal_tiles, ceil_div, floor_sum


def visited(isl: int, step: int, window: int, pack: int, tile_m: int, tile_n: int) -> list[int]:
    """KV blocks of each query tile, by looking at the first and last token of its rows."""
    counts = []
    for first_row in range(0, isl * pack, tile_m):
        last_row = min(first_row + tile_m, isl * pack) - 1
        first_token, last_token = first_row // pack, last_row // pack
        start = max(step + first_token - window, 0) if window else 0
        counts.append((step + last_token) // tile_n - start // tile_n + 1)
    return counts


def tiles(*args: int):
    return causal_tiles(*(np.array([a]) for a in args))


def test_four_square_tiles_make_a_triangle_of_ten_blocks():
    counted = tiles(512, 0, 0, 1, 128, 128)
    assert (counted.q_tiles[0], counted.blocks[0], counted.longest[0]) == (4, 1 + 2 + 3 + 4, 4)


def test_a_wide_tile_pays_for_blocks_that_only_its_last_row_sees():
    # rows 0-127 reach blocks 0 and 1 of 64 tokens, rows 128-191 reach three
    assert tiles(192, 0, 0, 1, 128, 64).blocks[0] == 2 + 3


def test_packed_heads_stretch_a_tile_over_fewer_tokens():
    # eight heads × 64 tokens = 512 rows, 16 tokens a tile, one block each
    counted = tiles(64, 0, 0, 8, 128, 128)
    assert (counted.q_tiles[0], counted.blocks[0]) == (4, 4)


def test_cached_tokens_are_visited_by_every_tile():
    assert tiles(256, 1024, 0, 1, 128, 128).blocks[0] == 9 + 10


def test_a_window_keeps_two_blocks_per_tile():
    # token 128·i sees back to 128·i - 128: the block before and its own
    assert tiles(1024, 0, 128, 1, 128, 128).blocks[0] == 1 + 7 * 2


def test_ceil_div():
    assert ceil_div(np.array([0, 1, 128, 129]), 128).tolist() == [0, 1, 1, 2]


@given(st.integers(0, 60), st.integers(1, 50), st.integers(0, 120), st.integers(0, 90))
def test_floor_sum_is_the_sum_of_floors(n, m, a, b):
    assert floor_sum(*(np.array([x]) for x in (n, m, a, b)))[0] == sum((a * i + b) // m for i in range(n))


@given(
    isl=st.integers(1, 700),
    step=st.integers(0, 400),
    window=st.one_of(st.just(0), st.integers(1, 300)),
    pack=st.sampled_from([1, 2, 3, 5, 8, 16]),
    tile_m=st.sampled_from([16, 64, 128, 192]),
    tile_n=st.sampled_from([32, 64, 80, 128, 176]),
)
def test_closed_form_equals_the_loop(isl, step, window, pack, tile_m, tile_n):
    looped = visited(isl, step, window, pack, tile_m, tile_n)
    counted = tiles(isl, step, window, pack, tile_m, tile_n)
    assert counted.q_tiles[0] == len(looped)
    assert counted.blocks[0] == sum(looped)
    assert max(looped) <= counted.longest[0] <= max(looped) + (2 if window else 0)
    assert 0 < counted.masked[0] <= counted.blocks[0]
