"""One token times compressed weights."""

import pytest

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import Basis, basis_of
from narrowgauge.dataflows.conversion import CODECS
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemv_lowbit import StoredWeights, compressed_gemv_us
from narrowgauge.errors import InputError

FOUR_BIT = CODECS["int4-f16"]


@pytest.fixture(scope="module")
def basis() -> Basis:
    return basis_of("gemm", Variant("w4a16-g128", ""), load_gpu("a100-sxm-80gb"))


def test_bits_of_a_sparse_group_by_hand() -> None:
    """Sixteen weights of 4 bits, scale, zero point and place: 100 bits, half of the groups kept."""
    assert StoredWeights(4, (16 + 4 + 16) / 16, 0.5, FOUR_BIT).bits_per_weight == pytest.approx(100 / 16 / 2)


def test_a_large_matrix_takes_as_long_as_its_bytes(basis: Basis) -> None:
    def us(density: float) -> float:
        return compressed_gemv_us(65536, 8192, StoredWeights(16, 0, density, {}), basis.gpu, basis.parameters)

    saved_bytes = 65536 * 8192
    rate = basis.gpu.dram_bytes_per_us * basis.parameters["gemv_efficiency"]
    assert us(1.0) - us(0.5) == pytest.approx(saved_bytes / rate, rel=0.02)


def test_fewer_weights_take_less_time(basis: Basis) -> None:
    times = [
        compressed_gemv_us(4096, 4096, StoredWeights(4, 2.25, density, FOUR_BIT), basis.gpu, basis.parameters)
        for density in (0.25, 0.5, 0.75, 1.0)
    ]
    assert times == sorted(times)


def test_impossible_density_is_an_input_error() -> None:
    with pytest.raises(InputError, match="density"):
        StoredWeights(4, 0, 0.0, {})
