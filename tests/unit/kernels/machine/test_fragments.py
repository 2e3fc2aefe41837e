"""Do operands lie in registers and in shared memory as the PTX manual says?

The manual gives row and column of every element by cases (sections "Matrix Fragments for mma" and "Shared Memory Matrix Layout");
they are written out here as they stand there."""

import numpy as np
import pytest

from narrowgauge.kernels import elements, fragments

GROUP, THREAD = np.arange(32) // 4, np.arange(32) % 4


def element(fragment: np.ndarray, i: int, bits: int) -> np.ndarray:
    """Code of element i of every lane: elements fill registers from their low bits."""
    per_word = 32 // bits
    return (fragment[i // per_word] >> (i % per_word * bits)) & ((1 << bits) - 1 if bits < 32 else 0xFFFFFFFF)


def numbered(rows: int, columns: int, bits: int) -> np.ndarray:
    """A matrix whose codes differ as far as their bits allow."""
    return np.random.default_rng(1).integers(0, 1 << min(bits, 31), (rows, columns)).astype(np.uint32)


A_OF_16_BITS_K16 = [(GROUP + (0 if i < 2 or 4 <= i < 6 else 8), THREAD * 2 + (i & 1) + (0 if i < 4 else 8)) for i in range(8)]
A_OF_8_BITS_K32 = [(GROUP + (0 if i < 4 or 8 <= i < 12 else 8), THREAD * 4 + (i & 3) + (0 if i < 8 else 16)) for i in range(16)]
A_OF_TF32_K8 = [(GROUP + (0 if i in (0, 2) else 8), THREAD + (0 if i < 2 else 4)) for i in range(4)]
A_OF_4_BITS_K32 = [(GROUP + (0 if i < 8 else 8), THREAD * 8 + (i & 7)) for i in range(16)]
A_OF_4_BITS_K64 = [(GROUP + (0 if i < 8 or 16 <= i < 24 else 8), THREAD * 8 + (i & 7) + (0 if i < 16 else 32)) for i in range(32)]
A_OF_1_BIT_K128 = [(GROUP + (0 if i < 32 else 8), THREAD * 32 + (i & 31)) for i in range(64)]
A_OF_8_BITS_K16_M8 = [(GROUP, THREAD * 4 + i) for i in range(4)]


@pytest.mark.parametrize(
    ("rows", "columns", "bits", "places"),
    [
        (16, 16, 16, A_OF_16_BITS_K16),
        (16, 32, 8, A_OF_8_BITS_K32),
        (16, 8, 32, A_OF_TF32_K8),
        (16, 32, 4, A_OF_4_BITS_K32),
        (16, 64, 4, A_OF_4_BITS_K64),
        (16, 128, 1, A_OF_1_BIT_K128),
        (8, 16, 8, A_OF_8_BITS_K16_M8),
    ],
)
def test_a_lies_as_the_manual_says(rows: int, columns: int, bits: int, places: list) -> None:
    matrix = numbered(rows, columns, bits)
    fragment = fragments.a_fragment(matrix, bits)
    assert len(fragment) * 32 // bits == len(places)
    for i, (row, column) in enumerate(places):
        np.testing.assert_array_equal(element(fragment, i, bits), matrix[row, column])
    np.testing.assert_array_equal(fragments.a_codes(fragment, bits, rows), matrix)


B_OF_16_BITS_K16 = [(THREAD * 2 + (i & 1) + (0 if i < 2 else 8), GROUP) for i in range(4)]
B_OF_8_BITS_K32 = [(THREAD * 4 + (i & 3) + (0 if i < 4 else 16), GROUP) for i in range(8)]
B_OF_TF32_K8 = [(THREAD + (0 if i == 0 else 4), GROUP) for i in range(2)]
B_OF_SPARSE_16_BITS_K32 = [(THREAD * 2 + (i & 1) + 8 * (i // 2), GROUP) for i in range(8)]


@pytest.mark.parametrize(
    ("rows", "bits", "places"),
    [(16, 16, B_OF_16_BITS_K16), (32, 8, B_OF_8_BITS_K32), (8, 32, B_OF_TF32_K8), (32, 16, B_OF_SPARSE_16_BITS_K32)],
)
def test_b_lies_as_the_manual_says(rows: int, bits: int, places: list) -> None:
    matrix = numbered(rows, 8, bits)
    fragment = fragments.b_fragment(matrix, bits)
    for i, (row, column) in enumerate(places):
        np.testing.assert_array_equal(element(fragment, i, bits), matrix[row, column])
    np.testing.assert_array_equal(fragments.b_codes(fragment, bits), matrix)


@pytest.mark.parametrize("columns", [8, 64])
def test_accumulators_lie_as_the_manual_says(columns: int) -> None:
    matrix = np.arange(16.0 * columns).reshape(16, columns)
    lanes = np.stack([matrix[GROUP + (0 if i % 4 < 2 else 8), 8 * (i // 4) + THREAD * 2 + (i & 1)] for i in range(columns // 2)])
    np.testing.assert_array_equal(fragments.accumulator_matrix(lanes), matrix)


@pytest.mark.parametrize(("element_type", "columns"), [("f16", 16), ("tf32", 8), ("e4m3", 32)])
def test_a_descriptor_finds_every_element_in_its_core_matrix(element_type: str, columns: int) -> None:
    """Address = start + stride offset × (row / 8) + leading offset × (16-byte chunk) + 16 × (row mod 8) + byte in the chunk."""
    leading_bytes, stride_bytes = 128, 256
    bits = elements.BITS[element_type]
    matrix = numbered(64, columns, bits)
    memory = fragments.core_matrices(matrix, bits).view(np.uint8)
    for row in range(64):
        for column in range(columns):
            byte = column * bits // 8
            address = stride_bytes * (row // 8) + leading_bytes * (byte // 16) + 16 * (row % 8) + byte % 16
            stored = int.from_bytes(memory[address : address + bits // 8].tobytes(), "little")
            assert stored == matrix[row, column]
    np.testing.assert_array_equal(fragments.core_codes(memory.view(np.uint32), bits), matrix)


@pytest.mark.parametrize("element_type", [*elements.FLOATS, "s8", "s4"])
def test_codes_stand_for_their_values(element_type: str) -> None:
    values = np.arange(-7.0, 8.0)
    np.testing.assert_array_equal(elements.to_values(elements.to_codes(values, element_type), element_type), values)
