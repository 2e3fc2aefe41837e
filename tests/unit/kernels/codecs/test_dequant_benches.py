"""Do the dequantisation kernels compute what their benches check, on a device made of CPU code?"""

from dataclasses import replace

import numpy as np
import pytest

from narrowgauge.errors import UnsupportedError
from narrowgauge.kernels.bench import Bench, Device
from narrowgauge.kernels.benches.dequant_mma import DequantMma
from narrowgauge.kernels.benches.dequant_registers import DequantRegisters
from narrowgauge.kernels.benches.dequant_shared import DequantShared
from narrowgauge.kernels.codecs import CODECS
from narrowgauge.kernels.host_device import run_on_host

_DEVICE = Device("sm89", sm_count=2, l2_bytes=1 << 20, memory_bytes=1 << 30, max_shared_bytes=100 << 10)


def passes(bench: Bench, **point: int | str) -> bool:
    try:
        return run_on_host(bench, point, _DEVICE, np.random.default_rng(5)).ok
    except UnsupportedError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("codec", CODECS)
def test_register_loops_sum_every_result(codec: str) -> None:
    assert passes(DequantRegisters(trips=4), codec=codec, warps=1)


@pytest.mark.parametrize("codec", CODECS)
def test_shared_loops_sum_every_result(codec: str) -> None:
    assert passes(DequantShared(trips=2), codec=codec)


def test_a_wrong_trip_count_does_not_pass() -> None:
    class Forgetful(DequantRegisters):
        def launch(self, point, device):  # type: ignore[no-untyped-def]
            launch = super().launch(point, device)
            return replace(launch, arguments=(*launch.arguments[:-1], self.trips - 2))

    assert not passes(Forgetful(trips=4), codec="int4_f16", warps=1)


@pytest.mark.parametrize("tiles", [1, 4])
@pytest.mark.parametrize("codec", DequantMma().axes["codec"])
def test_fused_loops_multiply_every_weight_with_every_token(codec: str, tiles: int) -> None:
    assert passes(DequantMma(trips=2), codec=codec, tiles=tiles, warps=1)
