"""Unstructured sparsity: load as sparse, compute as dense."""

import itertools
from statistics import fmean

import pytest

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import Basis, basis_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_sparse import conflicts, sparse_gemm
from narrowgauge.errors import InputError


@pytest.fixture(scope="module")
def basis() -> Basis:
    return basis_of("gemm", Variant("fp16", ""), load_gpu("a100-sxm-80gb"))


def test_conflicts_of_four_lanes_at_four_banks_are_those_of_all_throws() -> None:
    throws = itertools.product(range(4), repeat=4)
    assert conflicts(4) == pytest.approx(fmean(max(throw.count(bank) for bank in range(4)) for throw in throws))


def test_fewer_nonzeros_take_less_time(basis: Basis) -> None:
    times = [sparse_gemm(16, 9216, 9216, s, basis.gpu, basis.parameters).latency_us for s in (0.0, 0.5, 0.7, 0.8, 0.9)]
    assert times == sorted(times, reverse=True)


def test_a_kernel_that_stores_places_moves_twice_the_dense_bytes_without_zeros(basis: Basis) -> None:
    sparse = sparse_gemm(8, 28672, 7168, 0.0, basis.gpu, basis.parameters)
    streamed_us = 4 * 28672 * 7168 / (basis.gpu.dram_bytes_per_us * basis.parameters["dram_efficiency"])
    assert sparse.bound_by == "dram"
    assert sparse.dram_us == pytest.approx(streamed_us, rel=0.05)


def test_scattered_nonzeros_that_collide_take_longer(basis: Basis) -> None:
    ordered, collided = (
        sparse_gemm(64, 9216, 9216, 0.7, basis.gpu, basis.parameters, reordered=way).latency_us for way in (True, False)
    )
    assert ordered < collided


@pytest.mark.parametrize("sparsity", [-0.1, 1.0])
def test_impossible_sparsity_is_an_input_error(basis: Basis, sparsity: float) -> None:
    with pytest.raises(InputError, match="0 to below 1"):
        sparse_gemm(8, 4096, 4096, sparsity, basis.gpu, basis.parameters)
