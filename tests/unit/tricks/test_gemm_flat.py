"""Products of few tokens, three ways."""

import pytest

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import Basis, basis_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_flat import FlatTimes, flat_times


@pytest.fixture(scope="module")
def basis() -> Basis:
    return basis_of("gemm", Variant("fp16", ""), load_gpu("a100-sxm-80gb"))


def _times(basis: Basis, m: int) -> FlatTimes:
    return flat_times(m, 4096, 4096, basis.gpu, basis.parameters)


def test_up_to_eight_tokens_cost_the_flat_kernel_the_same(basis: Basis) -> None:
    assert _times(basis, 8).flat_us == pytest.approx(_times(basis, 1).flat_us, rel=0.02)


def test_padding_to_sixty_four_wins_with_many_tokens_and_loses_with_few(basis: Basis) -> None:
    few, many = _times(basis, 4), _times(basis, 64)
    assert few.flat_us < few.padded_us
    assert many.padded_us < many.flat_us


def test_cuda_cores_are_left_behind_by_arithmetic(basis: Basis) -> None:
    assert _times(basis, 64).cuda_core_us > 4 * _times(basis, 64).padded_us
