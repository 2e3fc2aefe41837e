"""FP32 products on CUDA cores."""

import pytest

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import Basis, basis_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_simt import simt_gemm
from narrowgauge.errors import InputError


@pytest.fixture(scope="module")
def basis() -> Basis:
    return basis_of("gemm", Variant("fp16", ""), load_gpu("rtx-4070"))


def test_sixteen_tiles_on_forty_six_multiprocessors_take_as_long_as_one(basis: Basis) -> None:
    one, sixteen = (simt_gemm(size, size, 512, (128, 128), 8, 2, basis.gpu, basis.parameters) for size in (128, 512))
    assert sixteen.sm_us == pytest.approx(one.sm_us, rel=0.02)


def test_a_large_product_runs_at_the_rate_of_fp32_lanes(basis: Basis) -> None:
    peak = basis.gpu.alu_results["fp32"] * basis.gpu.sm_count * basis.gpu.clock_mhz
    found = simt_gemm(8192, 8192, 8192, (128, 128), 8, 4, basis.gpu, basis.parameters)
    assert 0.7 < 8192**3 / peak / found.sm_us <= 1.0


def test_sizes_below_one_are_told_at_once(basis: Basis) -> None:
    with pytest.raises(InputError) as raised:
        simt_gemm(0, 8, 8, (0, 8), 8, 2, basis.gpu, basis.parameters)
    assert len(raised.value.problems) == 2
