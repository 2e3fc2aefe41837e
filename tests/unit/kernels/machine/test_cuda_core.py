"""Do the steps in NumPy say what the instructions do, and is a chain of them judged by it?"""

from collections.abc import Callable

import numpy as np
import pytest

from narrowgauge.kernels import steps
from narrowgauge.kernels.bench import BENCHES, Operands
from narrowgauge.kernels.benches.cuda_core import UNROLL

BENCH = BENCHES["cuda-core"]
STEPS = list(steps.CHAINS)
EVERY_LANE = np.arange(32)


def one(name: str, x: int, y: int, z: int) -> int:
    """One step, the same words in every lane."""
    step = steps.CHAINS[name].step
    with np.errstate(over="ignore"):
        result = step(np.full((1, 32), x, np.uint32), np.full(32, y, np.uint32), np.full(32, z, np.uint32))
    assert (result == result[0, 0]).all()
    return int(result[0, 0])


@pytest.mark.parametrize(
    ("name", "x", "y", "z", "expected"),
    [
        ("lop3", 0b1100, 0b1010, 0b1111, 0b1001),
        ("prmt", 0x33221100, 0x77665544, 0x7405, 0x77440055),
        ("shf", 0x80000001, 0, 5, 0x00000030),
        ("popc", 0xF0F0, 0xFF, 0x100, 0x108),
        ("iadd3", 0xFFFFFFFF, 1, 1, 1),
        ("imad", 0x10000, 0x10001, 7, 0x10007),
        ("dp4a", 10, 0xFF010203, 0x02040608, 10 - 2 + 4 + 12 + 24),
        ("vimax3", 0xFFFFFFFF, 0xFFFFFFFE, 3, 3),
        ("viaddmax", 5, 2, 6, 7),
        ("ffma", 0x40000000, 0xBF800000, 0x40A00000, 0x40400000),  # 5 - 2 = 3
        ("hfma2_f16", 0x40003C00, 0xBC00BC00, 0x45004400, 0x42004200),  # (5 - 2, 4 - 1)
        ("hfma2_bf16", 0x40003F80, 0xBF80BF80, 0x40A04080, 0x40404040),
        ("hadd2_f16", 0x3C003C00, 0x40003C00, 0, 0x42004000),
        ("mufu_ex2", 0x40000000, 0, 0, 0x3E800000),  # 2^-2
        ("mufu_rcp", 0x3FC00000, 0xFFFFFFFF, 0, 0x3F2AAAAB),  # 1 / 1.5
        ("i2f_s32_f32", 0xFFFFFFFF, 0, 0, 0xBF800000),
        ("i2f_s8_f32", 0x1280, 0xFFFFFFFF, 0, 0xC3000000),  # -128
        ("i2f_s8_f16", 0x12FF, 0xFFFFFFFF, 0, 0xBC00),
        ("i2f_s32_f16", 3, 0, 0, 0x4200),
        ("f2i_f32_s32", 0x40200000, 0xFFFFFFFF, 0, 2),  # 2.5, to even
        ("f2f_pack_f16", 0x3F800000, 0x40000000, 0, 0x40003C00),  # y above x
        ("e4m3_to_f16", 0xB838, 0xFFFFFFFF, 0, 0xBC003C00),  # -1 above 1
        ("f16_to_e4m3", 0xBC007C00, 0xFFFFFFFF, 0, 0xB87E),  # infinity saturates at 448
        ("e5m2_to_f16", 0xBC3C, 0xFFFFFFFF, 0, 0xBC003C00),
        ("redux_add", 2, 0xFFFFFFFF, 1, 65),
    ],
)
def test_a_step_does_what_the_manual_says(name: str, x: int, y: int, z: int, expected: int) -> None:
    assert one(name, x, y, z) == expected


def test_a_shuffle_takes_the_word_of_the_lane_named() -> None:
    shifted = steps.CHAINS["shfl"].step(EVERY_LANE[None].astype(np.uint32), ((EVERY_LANE + 1) % 32).astype(np.uint32), None)
    np.testing.assert_array_equal(shifted[0], np.roll(EVERY_LANE, -1))


@pytest.mark.parametrize("name", STEPS)
def test_a_chain_stays_finite_and_ends_on_something(name: str) -> None:
    chain, rng = steps.CHAINS[name], np.random.default_rng(0)
    end = steps.follow(chain.step, chain.x(rng, (4, 32)), chain.y(rng, (32,)), chain.z(rng, (32,)), 3000)
    assert end.any(axis=1).all()
    if name.startswith(("ffma", "mufu")):
        assert np.isfinite(end.view(np.float32)).all()
    if name.startswith(("hfma2_f16", "hadd2")):
        assert np.isfinite(end.view(np.float16)).all()


@pytest.mark.parametrize("name", STEPS)
def test_the_right_words_pass_and_a_wrong_one_fails(judged: Callable[..., None], name: str) -> None:
    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        given = operands.inputs
        end = steps.follow(steps.CHAINS[name].step, given["x"], given["y"], given["z"], UNROLL // 4 * (BENCH.iterations + 1))
        return {"out": np.broadcast_to(end, operands.outputs["out"][0]).copy()}

    judged(BENCH, {"step": name, "warps": 2, "ilp": 4}, emulation)
