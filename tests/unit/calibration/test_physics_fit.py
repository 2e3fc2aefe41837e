"""Does the fit find the latency of a GPU whose parameters are known?"""

import numpy as np
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.calibration.physics import _from_unit, _to_unit, fit_parameters
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.family import KernelCost, Parameter, Variant

GPU = load_machine("a100-sxm-80gb").resources
GEMM, VARIANT = FAMILIES["gemm"], Variant("bf16", "trtllm")
ROWS = 700  # enough for the compiled search
TRUTH = {
    "launch_us": 3.4,
    "dram_efficiency": 0.72,
    "tensor_efficiency": 0.85,
    "step_latency": 1100.0,
    "split_us": 6.0,
    "weight_copies": 9.0,
}


def made(rng, rows, truth):
    columns = {
        "m": np.floor(2 ** rng.uniform(0, 13, rows)),
        "n": 64 * rng.integers(4, 200, rows).astype(float),
        "k": 64 * rng.integers(4, 200, rows).astype(float),
    }
    return columns, GEMM.cost(columns, VARIANT, GPU, truth).latency_us


@pytest.fixture(scope="module")
def truth():
    return {p.name: p.initial for p in GEMM.parameters(VARIANT, GPU)} | TRUTH


def error(params, columns, latency):
    return np.mean(np.abs(GEMM.cost(columns, VARIANT, GPU, params).latency_us / latency - 1))


def test_recovers_the_latency_of_shapes_that_it_never_saw(truth):
    rng = np.random.default_rng(0)
    columns, latency = made(rng, ROWS, truth)
    found = fit_parameters(GEMM, VARIANT, GPU, columns, latency * np.exp(rng.normal(0, 0.01, ROWS)), starts=1)
    initial = {p.name: p.initial for p in GEMM.parameters(VARIANT, GPU)}
    fresh = made(rng, ROWS, truth)
    assert error(initial, *fresh) > 0.10
    assert error(found, *fresh) < 0.03


def test_outliers_do_not_bend_the_physics(truth):
    rng = np.random.default_rng(1)
    columns, latency = made(rng, ROWS, truth)
    odd = latency * np.where(rng.uniform(size=ROWS) < 0.1, 3.0, 1.0)
    found = fit_parameters(GEMM, VARIANT, GPU, columns, odd, starts=1)
    assert error(found, columns, latency) < 0.04


class Constant:
    """Every kernel takes as long as the one parameter says."""

    def parameters(self, variant, gpu):
        return (Parameter("us", 30.0, 1.0, 1000.0, "us", "latency", log=True),)

    def cost(self, rows, variant, gpu, params):
        return KernelCost(np.full(len(rows["m"]), params["us"]), {}, {}, {})


@pytest.mark.parametrize(("resolution", "expected"), [(0.0, 8.0), (8.0, 100.0)])
def test_coarsely_recorded_rows_count_less(resolution, expected):
    """Two rows of 8 us outvote one of 100 us, unless they were recorded in steps of 8 us."""
    rows, measured = {"m": np.ones(3)}, np.array([8.0, 8.0, 100.0])
    found = fit_parameters(Constant(), VARIANT, GPU, rows, measured, resolution)
    assert found["us"] == pytest.approx(expected, rel=0.1)


def test_every_parameter_stays_inside_its_range(truth):
    columns, latency = made(np.random.default_rng(3), 200, truth)
    found = fit_parameters(GEMM, VARIANT, GPU, columns, 1000 * latency, starts=1)
    for p in GEMM.parameters(VARIANT, GPU):
        assert p.low <= found[p.name] <= p.high


def test_is_deterministic(truth):
    columns, latency = made(np.random.default_rng(4), 150, truth)
    runs = [fit_parameters(GEMM, VARIANT, GPU, columns, latency, start=truth, seed=7) for _ in range(2)]
    assert runs[0] == runs[1]


def test_a_start_at_the_truth_stays_there(truth):
    columns, latency = made(np.random.default_rng(5), 300, truth)
    found = fit_parameters(GEMM, VARIANT, GPU, columns, latency, start=truth)
    assert error(found, columns, latency) < 0.005


@pytest.mark.parametrize("log", [False, True])
def test_the_search_space_maps_back(log):
    parameter = Parameter("p", 3.0, 1.0, 100.0, "1", "for the test", log=log)
    assert _from_unit(parameter, _to_unit(parameter, 10.0)) == pytest.approx(10.0)
    assert _from_unit(parameter, 0.0) == pytest.approx(1.0) and _from_unit(parameter, 1.0) == pytest.approx(100.0)
