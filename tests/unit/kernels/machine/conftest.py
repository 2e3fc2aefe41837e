"""Benches judged without a GPU: a NumPy emulation of the kernel stands in for the launch."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from narrowgauge.kernels.bench import Array, Bench, Device, Operands, Point

Emulation = Callable[[Operands], Mapping[str, Array]]


@pytest.fixture
def device() -> Device:
    return Device("sm90", sm_count=2, l2_bytes=2**20, memory_bytes=2**30, max_shared_bytes=227 * 1024)


@pytest.fixture
def judged(device: Device) -> Callable[[Bench, Point, Emulation], None]:
    """Asserts that a bench accepts what its kernel should compute and refuses it with one word changed or unwritten."""

    def judge(bench: Bench, point: Point, emulation: Emulation) -> None:
        operands = bench.operands(point, device, np.random.default_rng(0))
        right = dict(emulation(operands))
        assert {name: (array.shape, array.dtype) for name, array in right.items()} == dict(operands.outputs)
        verdict = bench.check(point, device, operands.inputs, right)
        assert verdict.ok, verdict
        for name, array in right.items():
            for damage in (changed, unwritten):
                assert not bench.check(point, device, operands.inputs, right | {name: damage(array)}).ok, (name, damage)

    return judge


def changed(array: Array) -> Array:
    """One bit of the middle word flipped, high enough to matter to any reading of it."""
    words = array.copy().view(np.uint32).reshape(-1)
    words[words.size // 2] ^= 1 << 14
    return words.view(array.dtype).reshape(array.shape)


def unwritten(array: Array) -> Array:
    """The last word left as the runner poisons it."""
    words = array.copy().view(np.uint32).reshape(-1)
    words[-1] = 0xFFFFFFFF
    return words.view(array.dtype).reshape(array.shape)
