"""The elementwise family: bytes, waves and steps worked by hand, and the laws that hold for every row."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from round_gpu import round_gpu

from narrowgauge.dataflows.elementwise import ELEMENTWISE
from narrowgauge.dataflows.elementwise_grid import grid, traffic
from narrowgauge.dataflows.elementwise_ops import MEASURED, OPERATIONS, launch, operation, sibling
from narrowgauge.dataflows.family import FAMILIES, Variant
from narrowgauge.errors import InputError

#: round numbers: 100 SMs at 1 GHz, 1 TB/s, 10 MiB of L2 at 50 B per SM and cycle
GPU = round_gpu(
    alu_results={"lop3": 64},
    dram_gb_per_s=1000,
    l2_mb=10,
    l2_bytes_per_sm_cycle=50,
    l2_latency_cycles=200,
    dram_latency_cycles=500,
    graph_launch_us=1,
    link_gb_per_s=300,
    link_latency_us=1,
)
RMSNORM, ROPE, SILU = Variant("rmsnorm", "sarathi"), Variant("rope", "sarathi"), Variant("silu_mul", "sarathi")
ADD, EMBEDDING = Variant("add", "torch"), Variant("embedding", "torch")
VARIANTS = [Variant(*key) for key in MEASURED] + [Variant(name, "trtllm") for name in OPERATIONS]


def table(rows, width, second=0):
    columns = np.broadcast_arrays(rows, width, second)
    return dict(zip(("rows", "width", "second_width"), (np.atleast_1d(c) for c in columns), strict=True))


def defaults(variant, **changes):
    return {p.name: p.initial for p in ELEMENTWISE.parameters(variant, GPU)} | changes


def cost(variant, rows, width, second=0, gpu=GPU, **changes):
    return ELEMENTWISE.cost(table(rows, width, second), variant, gpu, defaults(variant, **changes))


def test_the_family_is_registered():
    assert FAMILIES["elementwise"] is ELEMENTWISE


@pytest.mark.parametrize(
    ("name", "read", "written"),
    [
        ("rmsnorm", 2 * 3 * 100, 2 * 3 * 100),
        ("add", 4 * 3 * 100, 2 * 3 * 100),
        ("silu-mul", 4 * 3 * 100, 2 * 3 * 100),
        ("quantize-fp8", 2 * 3 * 100, 3 * 100),
        ("add-rmsnorm", 4 * 3 * 100, 4 * 3 * 100),
    ],
)
def test_bytes_of_three_rows_of_a_hundred_elements(name, read, written):
    moved = traffic(table(3, 100), OPERATIONS[name])
    assert (moved.read[0], moved.written[0], moved.elements[0]) == (read, written, 300)


def test_rope_turns_queries_and_keys_in_place():
    moved = traffic(table(5, 4096, 1024), operation(ROPE))
    assert moved.read[0] == moved.written[0] == 5 * (4096 + 1024) * 2


def test_the_combine_of_experts_reads_all_and_writes_one():
    moved = traffic(table(7, 8 * 2048, 2048), OPERATIONS["moe-combine"])
    assert (moved.read[0], moved.written[0]) == (7 * 8 * 2048 * 2, 7 * 2048 * 2)


def test_two_byte_norm_walks_a_row_in_steps_of_1024_threads():
    cut = grid(table([200, 201], 4096), operation(RMSNORM), launch(RMSNORM), GPU)
    assert cut.steps.tolist() == [4, 4]
    assert cut.waves.tolist() == [1, 2]  # two CTAs of 1024 threads on each of 100 SMs


def test_sixteen_byte_norm_takes_one_step():
    variant = Variant("rmsnorm", "trtllm")
    cut = grid(table(400, 4096), operation(variant), launch(variant), GPU)
    assert (cut.steps[0], cut.waves[0]) == (1, 1)  # 512 threads of 8 elements, four CTAs per SM


def test_rope_steps_over_pairs_of_queries_then_of_keys():
    cut = grid(table(1, 8192, 1024), operation(ROPE), launch(ROPE), GPU)
    assert cut.steps[0] == 8192 / 2 / 512 + 1024 / 2 / 512


def test_the_busiest_sm_gets_the_rounded_up_share_of_rows():
    cut = grid(table(101, 1000), operation(RMSNORM), launch(RMSNORM), GPU)
    assert cut.elements_per_sm[0] == 2 * 1000


def test_a_flat_grid_spreads_evenly():
    cut = grid(table(100, 1024), operation(ADD), launch(ADD), GPU)
    assert cut.ctas[0] == 100  # 128 threads of 8 elements
    assert cut.elements_per_sm[0] == 1024
    assert cut.accesses_per_sm[0] == 128


def test_a_cold_stream_costs_its_dram_time():
    # 1e8 elements: 600 MB at 1 TB/s and nothing else, after a launch of 1 us
    result = cost(ADD, 100_000, 1000, start=1e-9, issue=1e-9, l2=1.0, dram=1.0, keep=0.1, launch=1.0)
    assert result.busy_us["dram"][0] == pytest.approx(600, rel=1e-5)
    assert result.busy_us["l2"][0] == pytest.approx(600e6 / (100 * 50 * 1000))
    assert result.latency_us[0] > 601
    assert result.bound_by()[0] == "dram"


def test_a_small_working_set_never_leaves_the_l2():
    result = cost(ADD, 10, 1000)
    assert result.actions["dram_byte"][0] < 1e-4 * result.actions["l2_byte"][0]


def test_one_row_of_a_two_byte_norm_is_a_chain_of_round_trips():
    result = cost(RMSNORM, 1, 4096, latency=1.0, start=600.0, keep=2.0)
    assert result.busy_us["latency"][0] == pytest.approx((4 * (200 + 200) + 600) / 1000, rel=1e-3)


def test_a_lookup_of_few_rows_is_serial():
    serial, parallel = cost(EMBEDDING, [16, 17], 4096, latency=1.0).busy_us["latency"]
    assert serial - parallel == pytest.approx(16 * (200 + 500) / 1000)


def test_the_roofline_is_bytes_over_pins_or_arithmetic_over_peak():
    gelu = Variant("gelu", "torch")
    slow = dataclasses.replace(GPU, alu_results={"lop3": 1})
    assert ELEMENTWISE.roofline_us(table(1000, 1000), ADD, GPU)[0] == 6e6 / 1e12 * 1e6
    assert ELEMENTWISE.roofline_us(table(1000, 1000), gelu, slow)[0] == 1e6 * 25 / (100 * 1000)


def test_two_launches_cost_twice():
    assert cost(Variant("add-add", "torch"), 1, 8, launch=1.5).busy_us["launch"][0] == 3.0


def test_no_rows_cost_nothing_but_the_name():
    for variant in VARIANTS:
        result = cost(variant, 0, 4096)
        assert result.busy_us["launch"][0] == 0
        assert result.actions["dram_byte"][0] == result.actions["l2_byte"][0] == 0


def test_an_unknown_operation_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'rmsnorm'"):
        cost(Variant("rmsnrom", "torch"), 1, 1)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_variant_runs_on_the_parameters_of_its_measured_sibling(variant):
    names = {p.name for p in ELEMENTWISE.parameters(sibling(variant), GPU)}
    assert names == {p.name for p in ELEMENTWISE.parameters(variant, GPU)}
    assert sibling(sibling(variant)) == sibling(variant)
    assert (sibling(variant).precision, sibling(variant).library) in MEASURED


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_initial_values_lie_inside_their_ranges(variant):
    for parameter in ELEMENTWISE.parameters(variant, GPU):
        assert parameter.low < parameter.initial < parameter.high
        assert parameter.low > 0 or not parameter.log


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_features_are_finite(variant):
    rows = table([0, 1, 100_000], 4096, 512)
    features = ELEMENTWISE.features(rows, variant, GPU, ELEMENTWISE.cost(rows, variant, GPU, defaults(variant)))
    for name, values in features.items():
        assert np.isfinite(values).all(), name
        assert values.shape == (3,), name


ROWS, WIDTH = st.integers(1, 1 << 20), st.integers(1, 1 << 16)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(VARIANTS), ROWS, WIDTH, st.integers(0, 1 << 14))
def test_latency_is_not_below_the_roofline(variant, rows, width, second):
    result = cost(variant, rows, width, second)
    for name, busy in result.busy_us.items():
        assert np.isfinite(busy).all()
        assert result.latency_us[0] >= busy[0] * (1 - 1e-12), name


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(VARIANTS), ROWS, ROWS, WIDTH)
def test_more_rows_never_take_less_time(variant, one, other, width):
    few, many = sorted((one, other))
    serial = launch(variant).serial_rows
    if not few <= serial < many:  # the lookup of few rows is another kernel, slower at its end than the parallel one
        latency = cost(variant, [few, many], width).latency_us
        assert latency[0] <= latency[1] * (1 + 1e-12)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(VARIANTS), ROWS, WIDTH, st.floats(1, 8))
def test_more_bandwidth_never_takes_more_time(variant, rows, width, factor):
    faster = dataclasses.replace(
        GPU, dram_gb_per_s=GPU.dram_gb_per_s * factor, l2_bytes_per_sm_cycle=GPU.l2_bytes_per_sm_cycle * factor
    )
    assert cost(variant, rows, width, gpu=faster).latency_us[0] <= cost(variant, rows, width).latency_us[0] * (1 + 1e-12)


def test_size_classes_follow_the_bytes():
    classes = ELEMENTWISE.size_class(table([1, 1 << 10, 1 << 12, 1 << 16], 4096))
    assert classes.tolist() == [0, 1, 2, 3]
