"""Does the GEMV kernel compute W x for every codec and way of sharing the work, on a device made of CPU code?"""

import numpy as np
import pytest

from narrowgauge.errors import UnsupportedError
from narrowgauge.kernels.bench import Device
from narrowgauge.kernels.benches.gemv import Gemv
from narrowgauge.kernels.host_device import run_on_host

_DEVICE = Device("sm90", sm_count=2, l2_bytes=1 << 20, memory_bytes=1 << 30, max_shared_bytes=100 << 10)


def run(**point: int | str) -> bool:
    try:
        return run_on_host(Gemv(), point, _DEVICE, np.random.default_rng(6)).ok
    except UnsupportedError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("codec", Gemv().axes["codec"])
def test_every_codec_is_multiplied(codec: str) -> None:
    assert run(codec=codec, shape="16x2048", rows=2, split=1)


@pytest.mark.parametrize("split", [1, 2, 4])
@pytest.mark.parametrize("rows", [1, 2, 4])
def test_warps_share_rows_and_columns(rows: int, split: int) -> None:
    assert run(codec="int4_f16", shape="32x4096", rows=rows, split=split)


def test_columns_need_not_fill_the_warps() -> None:
    assert run(codec="int4_f16", shape="16x1152", rows=1, split=4)
