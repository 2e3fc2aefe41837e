"""Every described kernel on every GPU: a price, or a reason."""

import numpy as np
import pytest

from narrowgauge.archmodels import load_gpu, machine_names
from narrowgauge.calibration.calibrated import price
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.kernels_lowbit.catalogue import KERNELS
from narrowgauge.errors import UnsupportedError

ROWS = {"m": np.array([1.0, 7.0, 64.0, 2048.0]), "n": np.full(4, 4096.0), "k": np.full(4, 11008.0)}
INT4_MACS = 4096  # per SM and cycle: no operand of these kernels is multiplied faster on any GPU here
PRECISIONS = [(library, precision) for library, kernel in KERNELS.items() for precision in kernel.conversion]


@pytest.mark.parametrize("machine", machine_names())
@pytest.mark.parametrize(("library", "precision"), PRECISIONS)
def test_a_price_is_finite_and_more_than_multiplying_takes(library: str, precision: str, machine: str) -> None:
    gpu = load_gpu(machine)
    try:
        priced = price(gpu, "gemm", Variant(precision, library), ROWS)
    except UnsupportedError as reason:
        assert "int4" in str(reason)
        assert "int4" not in gpu.resources.tensor_macs
        return
    multiplying_us = ROWS["m"] * ROWS["n"] * ROWS["k"] / (INT4_MACS * gpu.resources.sm_count * gpu.resources.tensor_clock_mhz)
    assert np.isfinite(priced.latency_us).all()
    assert (priced.latency_us > multiplying_us).all()
    assert (priced.latency_us_low <= priced.latency_us).all()
    assert (priced.latency_us <= priced.latency_us_high).all()
