"""Do sustained chains end on a known number, with random and with zero operands?"""

from collections.abc import Callable

import numpy as np
import pytest

from narrowgauge.kernels.bench import BENCHES, Device, Operands
from narrowgauge.kernels.discovery import load_benches

load_benches()


@pytest.mark.parametrize("data", ["random", "zero"])
@pytest.mark.parametrize("instruction", BENCHES["power-mma-sync"].axes["instruction"])
def test_an_endless_mma_chain_keeps_its_start(judged: Callable[..., None], instruction: str, data: str) -> None:
    point = {"instruction": instruction, "warps": 1, "ilp": 2, "data": data}
    judged(BENCHES["power-mma-sync"], point, lambda o: {"out": np.broadcast_to(o.inputs["start"], o.outputs["out"][0]).copy()})


@pytest.mark.parametrize("data", ["random", "zero"])
@pytest.mark.parametrize("instruction", BENCHES["power-wgmma"].axes["instruction"])
def test_an_endless_wgmma_chain_keeps_its_start(judged: Callable[..., None], instruction: str, data: str) -> None:
    point = {"instruction": instruction, "n": 256, "source": "shared", "warpgroups": 1, "data": data}
    judged(BENCHES["power-wgmma"], point, lambda o: {"out": np.broadcast_to(o.inputs["start"], o.outputs["out"][0]).copy()})


def test_random_operands_are_dense(device: Device) -> None:
    operands = BENCHES["power-wgmma"].operands(
        {"instruction": "bf16_f32", "n": 256, "source": "shared", "warpgroups": 1, "data": "random"},
        device,
        np.random.default_rng(0),
    )
    for name in ("a", "b"):
        bits = np.unpackbits(operands.inputs[name].view(np.uint8))
        assert 0.3 < bits.mean() < 0.7


@pytest.mark.parametrize("step", BENCHES["power-cuda-core"].axes["step"])
def test_a_long_chain_of_cuda_core_steps_comes_back(judged: Callable[..., None], step: str) -> None:
    """z - (z - x) is x, and so is (x ^ y ^ z) ^ y ^ z; the number of steps is even."""

    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        return {"out": np.broadcast_to(operands.inputs["x"], operands.outputs["out"][0]).copy()}

    judged(BENCHES["power-cuda-core"], {"step": step, "warps": 1, "ilp": 4, "data": "random"}, emulation)
