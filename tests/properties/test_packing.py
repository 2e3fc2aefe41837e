"""Does packing lose anything, and does every bit of the words belong to at most one code?"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.kernels import packing

_BIT_LAYOUTS = {
    **{f"lanes({bits}, {lane})": packing.lanes(bits, lane) for lane in (8, 16, 32) for bits in (1, 2, 4, 8) if bits <= lane},
    "three bits": packing.THREE_BIT,
    "six bits, 2 + 4": packing.SIX_BIT_2_4,
    "six bits, 4 + 2": packing.SIX_BIT_4_2,
}
_LAYOUTS: dict[str, packing.Layout] = {**_BIT_LAYOUTS, "five trits in a byte": packing.BASE_243}
_STATES = {"five trits in a byte": 3}


@given(st.sampled_from(sorted(_LAYOUTS)), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_what_was_packed_is_unpacked(name: str, blocks: int, seed: int) -> None:
    layout = _LAYOUTS[name]
    states = _STATES.get(name, 1 << layout.code_bits)
    codes = np.random.default_rng(seed).integers(0, states, size=(blocks, layout.weights))
    words = layout.pack(codes)
    assert words.shape == (blocks, layout.words)
    np.testing.assert_array_equal(layout.unpack(words), codes)


@given(st.sampled_from(sorted(_BIT_LAYOUTS)))
def test_no_bit_is_used_twice_and_none_is_wasted(name: str) -> None:
    layout = _BIT_LAYOUTS[name]
    places = [place for code in layout.positions for place in code]
    assert sorted(places) == list(range(32 * layout.words))


@given(st.lists(st.integers(0, 2), min_size=20, max_size=20))
def test_a_byte_of_trits_is_the_scaled_base_three_number(codes: list[int]) -> None:
    word = packing.BASE_243.pack(np.array([codes])).view(np.uint8)[0]
    for byte in range(4):
        number = int("".join(str(codes[4 * digit + byte]) for digit in range(5)), 3)
        assert word[byte] == -(-256 * number // 243)
