"""Do the KV blocks of single query tiles add up to the closed form's count?"""

from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.dataflows.attention_tiles import causal_tiles, tile_blocks

sizes = st.integers(1, 700)


@given(sizes, st.integers(0, 900), st.integers(0, 400), st.sampled_from([1, 2, 4, 7, 8]), st.sampled_from([16, 64, 128]), sizes)
def test_blocks_of_tiles_add_up(isl: int, step: int, window: int, pack: int, tile_m: int, tile_n: int) -> None:
    blocks = tile_blocks(isl, step, window, pack, tile_m, tile_n)
    counts = causal_tiles(isl, step, window, pack, tile_m, tile_n)
    assert len(blocks) == counts.q_tiles
    assert blocks.sum() == counts.blocks
