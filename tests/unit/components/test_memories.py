import pytest

from narrowgauge.archmodels.components import dram_memories, dram_pj_per_bit, sram
from narrowgauge.errors import InputError

KB = 1024
#: CACTI 7: bytes, width in bits, pJ per bit read
CACTI = {
    22: [(2 * KB, 256, 0.0092), (8 * KB, 64, 0.027), (32 * KB, 64, 0.0625), (256 * KB, 1024, 0.0805), (2048 * KB, 256, 0.367)],
    45: [(2 * KB, 256, 0.034), (8 * KB, 64, 0.0945), (64 * KB, 1024, 0.110), (512 * KB, 256, 0.567), (1024 * KB, 256, 0.81)],
}


@pytest.mark.parametrize(("node", "row"), [(node, row) for node, rows in CACTI.items() for row in rows])
def test_reads_are_within_the_stated_residual_of_cacti(node: int, row: tuple[int, int, float]) -> None:
    capacity, width, published = row
    assert sram(capacity, width, node, supply_v=0.9).read_pj / width == pytest.approx(published, rel=0.4)


def test_a_larger_memory_costs_more_per_word_and_a_narrower_one_more_per_bit() -> None:
    assert sram(64 * KB, 256, 28).read_pj > sram(16 * KB, 256, 28).read_pj
    assert sram(64 * KB, 64, 28).read_pj / 64 > sram(64 * KB, 256, 28).read_pj / 256


def test_area_is_cells_over_the_array_efficiency() -> None:
    assert sram(KB, 64, 28).area_um2 == pytest.approx(8192 * 0.127 / 0.5)


def test_impossible_memories_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        sram(0, 0, 28)
    assert [problem.where for problem in caught.value.problems] == ["capacity_bytes", "width_bits"]


def test_dram_by_name() -> None:
    assert dram_pj_per_bit("HBM2") == 3.97
    assert "gddr6-aim" in dram_memories()
    with pytest.raises(InputError, match="did you mean 'gddr6'"):
        dram_pj_per_bit("gddr-6")
