"""CPUs: the vector pipes, memory and the step between operators, worked by hand."""

import pytest

from narrowgauge.archmodels.cpu import cpu_names, load_cpu, token_time
from narrowgauge.dataflows.vector_mix import VectorMix, VectorRates, kernel
from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import build_graph, read_model


def _graph(scheme: str, model: str = "llama-2-7b"):
    return build_graph(read_model(model), parse_scheme(scheme), "decode", batch=1, context_len=64)


def test_the_busiest_class_of_pipes_decides_the_cycles_of_a_mix() -> None:
    rates = VectorRates(all=3, lookup=2, permute=1, multiply=2)
    assert rates.cycles(VectorMix(simple=6, lookup=1, permute=4)) == 4
    assert rates.cycles(VectorMix(simple=6, lookup=1, permute=2)) == 3


def test_four_bit_weights_take_four_lookups_where_one_bit_takes_one() -> None:
    cpu, lookup = load_cpu("m2-ultra"), kernel("t-mac")
    one, four = (cpu.gemv_us(4096, 4096, bits, 0.0, lookup, 1) for bits in (1, 4))
    tables_us = 1024 * 33 / 4 / 3500
    assert four - tables_us == pytest.approx(4 * (one - tables_us))


def test_a_row_of_one_bit_weights_by_hand() -> None:
    cycles = 4096 * 4096 / 8 / 16 * (8.75 / 2) + 1024 * 33 / 2  # two pipes of a Cortex-A76
    assert load_cpu("raspberry-pi-5").gemv_us(4096, 4096, 1, 0.0, kernel("t-mac"), 1) == pytest.approx(cycles / 2400)


def test_memory_bounds_many_threads() -> None:
    cpu = load_cpu("jetson-agx-orin")
    moved = 4096 * 4096 / 2
    assert cpu.gemv_us(4096, 4096, 4, 0.0, kernel("t-mac"), 12) == pytest.approx(moved / 29.5e3, rel=0.02)


def test_one_thread_waits_at_no_barrier() -> None:
    cpu, graph = load_cpu("m2-ultra"), _graph("w2a16-g128")
    assert token_time(graph, cpu, "t-mac", 1).barrier_us == 0.0
    assert token_time(graph, cpu, "t-mac", 2).barrier_us == pytest.approx(28.7 * sum(op.count for op in graph.operators))


@pytest.mark.parametrize("name", cpu_names())
def test_more_threads_and_fewer_bits_are_no_slower(name: str) -> None:
    cpu = load_cpu(name)
    times = [token_time(_graph(f"w{bits}a16-g128"), cpu, "t-mac", 4).total_us for bits in (2, 3, 4)]
    assert times == sorted(times)
    assert token_time(_graph("w4a16-g128"), cpu, "t-mac", 4).total_us < token_time(_graph("w4a16-g128"), cpu, "t-mac", 1).total_us


@pytest.mark.parametrize(
    ("scheme", "lookup", "reason"),
    [
        ("w8a8", "t-mac", "16 values"),
        ("nf4", "t-mac", "evenly spaced"),
        ("mxfp4", "q4-0", "evenly spaced"),
        ("w4a16", "bitnet-tl1", "3 values"),
        ("w2a8-ternary", "bitnet-tl2", "avx2"),
    ],
)
def test_a_kernel_refuses_what_it_was_not_written_for(scheme: str, lookup: str, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        token_time(_graph(scheme), load_cpu("m2-ultra"), lookup, 1)


def test_threads_beyond_the_cores_are_an_input_error() -> None:
    with pytest.raises(InputError, match="1 to 4"):
        token_time(_graph("w4a16"), load_cpu("raspberry-pi-5"), "t-mac", 5)


def test_unknown_names_name_the_nearest() -> None:
    with pytest.raises(InputError, match="raspberry-pi-5"):
        load_cpu("raspberry-pi")
    with pytest.raises(InputError, match="t-mac"):
        kernel("tmac")
