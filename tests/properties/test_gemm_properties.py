"""Do the laws of the machine hold for any GEMM, any fitted numbers, any machine that ships?"""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from narrowgauge.archmodels import energy_mj, load_machine, machine_names
from narrowgauge.dataflows import gemm_search as search
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import GEMM, operands_of
from narrowgauge.errors import UnsupportedError

small = settings(max_examples=60, deadline=None, derandomize=True)

LARGEST = 2**20
ROUNDING = 1e-12
SCHEMES = ("bf16", "w4a16", "w4a16-g128", "w8a16", "w8a8-int8", "w4a8-g128", "fp8-dynamic", "fp8-block128", "nf4")

dimension = st.one_of(st.integers(1, 300), st.integers(1, LARGEST), st.sampled_from([1, 16, 4096, 8192, LARGEST]))
shapes = st.lists(st.tuples(dimension, dimension, dimension), min_size=1, max_size=4)


@st.composite
def kernels(draw):
    """A machine, a variant that it runs, and fitted numbers anywhere in their ranges, ends included."""
    gpu = load_machine(draw(st.sampled_from(machine_names()))).resources
    variant = Variant(draw(st.sampled_from(SCHEMES)), draw(st.sampled_from(["trtllm", "vllm", "sglang", ""])))
    try:
        parameters = GEMM.parameters(variant, gpu)
    except UnsupportedError:
        assume(False)
    where = [draw(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0]))) for _ in parameters]
    params = {
        p.name: p.low * (p.high / p.low) ** share if p.log else p.low + share * (p.high - p.low)
        for p, share in zip(parameters, where, strict=True)
    }
    return gpu, variant, params


def columns(shapes):
    return dict(zip("mnk", np.array(shapes, float).T, strict=True))


def latency(kernel, shapes, **changes):
    gpu, variant, params = kernel
    changed = {name: getattr(gpu, name) * factor for name, factor in changes.items()}
    return GEMM.cost(columns(shapes), variant, dataclasses.replace(gpu, **changed), params).latency_us


@small
@given(kernels(), shapes)
def test_positive_finite_and_no_shorter_than_a_launch(kernel, shapes):
    us = latency(kernel, shapes)
    assert np.all(np.isfinite(us)) and np.all(us >= kernel[2]["launch_us"])


@small
@given(kernels(), shapes)
def test_no_faster_than_the_multipliers(kernel, shapes):
    gpu, variant, _ = kernel
    m, n, k = columns(shapes).values()
    peak = gpu.tensor_macs[operands_of(variant, gpu).operand] * gpu.sm_count * gpu.tensor_clock_mhz
    assert np.all(latency(kernel, shapes) >= m * n * k / peak * (1 - ROUNDING))


@small
@given(kernels(), shapes, st.floats(1, 8), st.sampled_from(["dram_gb_per_s", "l2_bytes_per_sm_cycle", "l2_mb"]))
def test_more_memory_system_never_slows(kernel, shapes, factor, resource):
    assert np.all(latency(kernel, shapes, **{resource: factor}) <= latency(kernel, shapes) * (1 + ROUNDING))


@small
@given(kernels(), shapes, st.floats(1, 4))
def test_a_higher_clock_never_slows(kernel, shapes, factor):
    faster = latency(kernel, shapes, clock_mhz=factor, tensor_clock_mhz=factor)
    assert np.all(faster <= latency(kernel, shapes) * (1 + ROUNDING))


@small
@given(kernels(), shapes, st.floats(1, 4))
def test_faster_multipliers_never_slow(kernel, shapes, factor):
    gpu, variant, params = kernel
    stronger = dataclasses.replace(gpu, tensor_macs={name: rate * factor for name, rate in gpu.tensor_macs.items()})
    faster = GEMM.cost(columns(shapes), variant, stronger, params).latency_us
    assert np.all(faster <= latency(kernel, shapes) * (1 + ROUNDING))


@small
@given(kernels(), shapes)
def test_no_resource_works_longer_than_the_kernel_lasts(kernel, shapes):
    gpu, variant, params = kernel
    cost = GEMM.cost(columns(shapes), variant, gpu, params)
    tiled = cost.choice["tile_m"] > 0
    for name in ("tensor_core", "cuda_core", "dram", "launch"):
        busy = np.where(tiled | (name != "dram"), cost.busy_us[name], 0.0)
        assert np.all(busy <= cost.latency_us * (1 + ROUNDING)), name


@small
@given(kernels(), shapes)
def test_permuted_rows_give_permuted_prices(kernel, shapes):
    assert np.array_equal(latency(kernel, shapes)[::-1], latency(kernel, shapes[::-1]))


@small
@given(kernels(), shapes)
def test_energy_is_positive_and_at_least_the_static_one(kernel, shapes):
    gpu, variant, params = kernel
    cost = GEMM.cost(columns(shapes), variant, gpu, params)
    energy, breakdown = energy_mj(cost.actions, cost.latency_us, gpu)
    assert np.all(energy > 0) and np.all(energy >= breakdown["static"])


@small
@given(dimension, dimension, dimension, st.sampled_from([0.5, 1.0, 2.0]))
def test_halving_weight_bits_halves_weight_traffic_exactly(m, n, k, weight_bytes):
    """Where nothing stays in the L2: bytes from DRAM beyond those of the activations."""
    gpu = load_machine("a100-sxm-80gb").resources
    variant = Variant("w8a16", "")
    params = {p.name: p.initial for p in GEMM.parameters(variant, gpu)}
    x = GEMM.numbers(variant, gpu, params)._replace(l2_capacity=1e-9)

    def weight_reads(each):
        with_weights = search.row_terms(float(m), float(n), float(k), x._replace(weight_bytes=each)).reads
        return with_weights - m * k * x.activation_bytes

    assert 2 * weight_reads(weight_bytes / 2) == weight_reads(weight_bytes) == n * k * weight_bytes


@pytest.mark.parametrize(("wide", "narrow"), [("w8a16", "w4a16"), ("w8a8-int8", "w4a8")])
def test_a_scheme_of_half_the_bits_stores_half_the_bytes(wide, narrow):
    gpu = load_machine("a100-sxm-80gb").resources
    assert operands_of(Variant(wide, ""), gpu).weight_bytes == 2 * operands_of(Variant(narrow, ""), gpu).weight_bytes
