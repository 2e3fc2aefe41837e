"""Occupancy and waves: the time of a launch whose blocks all take the same time, by the number of blocks and of those that
fit at once.

A launch of w waves (blocks / (SMs × resident blocks), rounded up) takes w times as long as one block; what is above that
is what the hardware needs to start blocks and to find that they have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels import chains
from narrowgauge.kernels.bench import BENCHES, LOOP_CONTROL, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing

UNROLL = 32  #: multiply-adds of one pass, in waves.cu
_BLOCK = 128
_RESERVED_BYTES = 1024  #: of shared memory per block, taken by the system (CUDA C++ programming guide)


@dataclass(frozen=True)
class Waves:
    """Blocks of `iterations` × 32 dependent FFMA, of which `resident` fit onto an SM."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int = 500
    timing: Timing = Timing.BATCHED
    source: str = "waves.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """Every GPU runs blocks in waves."""
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """x, y = 1 and z of every thread: whole numbers that count the multiply-adds; x at the end, of every block."""
        x, z = rng.integers(0, 1000, _BLOCK), rng.integers(1, 100, _BLOCK)
        numbers = np.stack([x, np.ones(_BLOCK), z]).astype(np.float32)
        return Operands({"in": numbers}, {"out": ((_blocks(point, device), _BLOCK), np.dtype(np.float32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """As many blocks as the waves need, each with an equal part of an SM's shared memory."""
        part = (device.max_shared_bytes + _RESERVED_BYTES) // int(point["resident"]) - _RESERVED_BYTES
        arguments = ("in", "out", "clocks", self.iterations)
        return Launch("waves", _blocks(point, device), _BLOCK, arguments, shared_bytes=part)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """x + n z in every block."""
        x, _, z = inputs["in"].astype(np.float64)
        return chains.exactly(outputs["out"].astype(np.float64), x + UNROLL * self.iterations * z, "x + n z")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Blocks, and waves that they take."""
        blocks, at_once = _blocks(point, device), device.sm_count * int(point["resident"])
        return {"blocks": blocks, "waves": -(-blocks // at_once), "instructions": UNROLL * self.iterations}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """One pass."""
        return InnerLoop({"FFMA": UNROLL}, LOOP_CONTROL)

    def entries(self, architecture: str) -> tuple[str, ...]:
        """The one kernel."""
        return ("waves",)


def _blocks(point: Point, device: Device) -> int:
    return -(-int(point["percent_of_wave"]) * device.sm_count * int(point["resident"]) // 100)


BENCHES.register(
    "waves",
    Waves(
        name="waves",
        question="How does the time of a launch grow with the number of its blocks, by how many fit at once?",
        axes={"resident": (1, 2, 4), "percent_of_wave": (25, 50, 100, 101, 150, 200, 201, 300, 400, 401, 800)},
        quick={"resident": (1, 4), "percent_of_wave": (100, 101, 400)},
    ),
)
