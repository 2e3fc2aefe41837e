"""Products of any bit widths on binary tensor cores."""

import pytest

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import Basis, basis_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_planes import plane_gemm
from narrowgauge.errors import InputError, UnsupportedError


@pytest.fixture(scope="module")
def basis() -> Basis:
    return basis_of("gemm", Variant("fp16", ""), load_gpu("a100-sxm-80gb"))


def _us(basis: Basis, m: int, weight_bits: int, activation_bits: int) -> float:
    return plane_gemm(m, 8192, 8192, weight_bits, activation_bits, basis.gpu, basis.parameters).latency_us


def test_every_weight_plane_adds_its_bytes_where_memory_decides(basis: Basis) -> None:
    one, two, four = (_us(basis, 1, bits, 8) for bits in (1, 2, 4))
    assert four - two == pytest.approx(2 * (two - one), rel=0.15)


def test_eight_activation_planes_of_one_token_are_as_fast_as_one(basis: Basis) -> None:
    """They fill the eight rows that the instruction has anyway."""
    assert _us(basis, 1, 2, 8) == pytest.approx(_us(basis, 1, 2, 1), rel=0.05)


def test_planes_multiply_where_arithmetic_decides(basis: Basis) -> None:
    assert _us(basis, 4096, 4, 4) == pytest.approx(4 * _us(basis, 4096, 2, 2), rel=0.1)


def test_wide_numbers_are_no_faster_than_narrow_ones(basis: Basis) -> None:
    for m in (1, 64, 1024):
        times = [_us(basis, m, bits, bits) for bits in range(1, 9)]
        assert times == sorted(times)


def test_both_wrong_widths_are_told_at_once(basis: Basis) -> None:
    with pytest.raises(InputError) as raised:
        _us(basis, 1, 0, 9)
    assert len(raised.value.problems) == 2


def test_a_gpu_without_binary_tensor_cores_refuses() -> None:
    gpu = load_gpu("h100-sxm")
    basis = basis_of("gemm", Variant("fp16", ""), gpu)
    with pytest.raises(UnsupportedError, match="b1"):
        plane_gemm(1, 4096, 4096, 2, 8, basis.gpu, basis.parameters)
