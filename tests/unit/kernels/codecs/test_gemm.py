"""Do the tiled GEMMs compute x W^T, on a device made of CPU code? Copies land as late and as early as they may."""

import numpy as np
import pytest

from narrowgauge.errors import UnsupportedError
from narrowgauge.kernels import fragment_order
from narrowgauge.kernels.bench import Bench, Device
from narrowgauge.kernels.benches.gemm_dense import GemmDense
from narrowgauge.kernels.benches.gemm_packed import GemmPacked
from narrowgauge.kernels.benches.gemm_planes import GemmPlanes
from narrowgauge.kernels.benches.gemm_wgmma import GemmWgmma
from narrowgauge.kernels.codecs import CODECS
from narrowgauge.kernels.host_device import run_on_host

_DEVICE = Device("sm89", sm_count=2, l2_bytes=1 << 20, memory_bytes=1 << 30, max_shared_bytes=99 << 10)


def run(bench: Bench, late_copies: bool = True, **point: int | str) -> bool:
    try:
        return run_on_host(bench, point, _DEVICE, np.random.default_rng(7), late_copies=late_copies).ok
    except UnsupportedError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("late_copies", [True, False])
@pytest.mark.parametrize("tokens", [5, 40, 130])
@pytest.mark.parametrize("operand", ["bf16", "int8", "fp8"])
def test_dense_operands_are_multiplied(operand: str, tokens: int, late_copies: bool) -> None:
    assert run(GemmDense(), late_copies, operand=operand, tokens=tokens, shape="256x512", data="random")


@pytest.mark.parametrize("late_copies", [True, False])
@pytest.mark.parametrize("tokens", [7, 70])
@pytest.mark.parametrize("codec", GemmPacked().axes["codec"])
def test_packed_weights_are_multiplied(codec: str, tokens: int, late_copies: bool) -> None:
    assert run(GemmPacked(), late_copies, codec=codec, tokens=tokens, shape="256x512")


@pytest.mark.parametrize("late_copies", [True, False])
@pytest.mark.parametrize(("bits", "tokens"), [("2x3", 130), ("4x2", 12)])
def test_bit_planes_are_multiplied(bits: str, tokens: int, late_copies: bool) -> None:
    assert run(GemmPlanes(), late_copies, bits=bits, tokens=tokens, shape="128x1024")


@pytest.mark.parametrize("late_copies", [True, False])
@pytest.mark.parametrize(("operand", "tokens"), [("bf16", 130), ("int8", 128), ("fp8", 5)])
def test_swizzled_tiles_are_multiplied(operand: str, tokens: int, late_copies: bool) -> None:
    assert run(GemmWgmma(), late_copies, operand=operand, tokens=tokens, shape="128x768", data="random")


def test_few_stages_are_fewer_than_the_ring() -> None:
    assert run(GemmPacked(), codec="int4_f16", tokens=16, shape="64x128")


@pytest.mark.parametrize("codec", GemmPacked().axes["codec"])
def test_fragment_order_loses_no_weight(codec: str) -> None:
    rng = np.random.default_rng(8)
    codes = rng.integers(0, 1 << CODECS[codec].layout.code_bits, size=(48, 512))
    packed = fragment_order.pack(codes, CODECS[codec])
    np.testing.assert_array_equal(fragment_order.unpack(packed, CODECS[codec]), codes)
