"""What is read twice where neither operand fits."""

from narrowgauge.archmodels.accelerator import matrix_layer
from narrowgauge.archmodels.accelerator.refetch import Fetches, fetches
from narrowgauge.formats import parse_scheme

FP16 = parse_scheme("fp16")


def test_nothing_is_read_twice_where_one_operand_fits() -> None:
    layer = matrix_layer("l", 10, 1000, 100, FP16)  # 200,000 bytes of weights, 2,000 of activations
    assert fetches(layer, 1000, 2000) == Fetches(1, 1)
    assert fetches(layer, 200_000, 10) == Fetches(1, 1)


def test_the_operand_with_less_traffic_is_read_again() -> None:
    layer = matrix_layer("l", 10, 1000, 100, FP16)
    assert fetches(layer, 100_000, 1999) == Fetches(1, 2)
    wide = matrix_layer("l", 1000, 10, 100, FP16)
    assert fetches(wide, 1999, 100_000) == Fetches(2, 1)


def test_cycles_of_dram_count_reads_and_the_result() -> None:
    layer = matrix_layer("l", 4, 8, 16, FP16)  # 256 + 128 + 64 bytes
    assert Fetches(1, 1).dram_cycles(layer, 256) == 448 * 8 // 256
    assert Fetches(2, 1).dram_cycles(layer, 256) == (448 + 256) * 8 // 256
