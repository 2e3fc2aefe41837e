"""Is there a time for every shape that a low-bit library takes, however small, and does it grow with the shape?"""

from __future__ import annotations

import pytest

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.dataflows.kernels_lowbit.catalogue import KERNELS
from narrowgauge.errors import UnsupportedError
from narrowgauge.experiments.kernel_latency import gemm_latency

CASES = [
    (library, f"{scheme}-g128" if scheme == "w4a16" else scheme)
    for library, kernel in KERNELS.items()
    for scheme in kernel.conversion
]


@pytest.mark.parametrize(("library", "scheme"), CASES, ids=[" ".join(case) for case in CASES])
@pytest.mark.parametrize("gpu", ["a100-sxm-80gb", "rtx-4090"])
def test_a_small_product_takes_no_longer_than_a_larger_one(gpu, library, scheme):
    def latency_us(m, n, k):
        return gemm_latency(load_gpu(gpu), scheme, library, m, n, k).value

    try:
        large = latency_us(256, 4096, 4096)
    except UnsupportedError as reason:
        assert str(reason)
        return
    assert 0.0 < latency_us(1, 64, 16) <= latency_us(16, 128, 128) <= latency_us(16, 4096, 4096) <= large < 1e4
