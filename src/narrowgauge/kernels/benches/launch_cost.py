"""What a launch costs: back to back in a stream, and from a graph. The published 64 kB SCALE (gpu-benches, gpu-small-kernels)
is one of the sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels import chains
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing

_BLOCK, _VECTOR_BYTES, _WORD_BYTES = 256, 16, 4
_WORD, _FACTOR = 0x5EED, 1.5


@dataclass(frozen=True)
class LaunchCost:
    """A kernel that writes one word (`size_kb` 0), or scales that many kilobytes."""

    name: str
    question: str
    timing: Timing
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    source: str = "launch_cost.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """Every GPU launches kernels."""
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Random numbers and as many results, or one word."""
        size = int(point["size_kb"]) << 10
        if not size:
            return Operands({}, {"out": ((1,), np.dtype(np.uint32))})
        numbers = rng.normal(size=size // _WORD_BYTES).astype(np.float32)
        return Operands({"in": numbers}, {"out": (numbers.shape, np.dtype(np.float32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """A thread for every 16 bytes."""
        size = int(point["size_kb"]) << 10
        if not size:
            return Launch("launch_minimal", 1, _BLOCK, ("out", _WORD))
        return Launch("launch_scale", size // _VECTOR_BYTES // _BLOCK, _BLOCK, ("in", "out", _FACTOR))

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The word, or every product, which a multiplication rounds the same way everywhere."""
        expected = inputs["in"] * np.float32(_FACTOR) if inputs else np.array([_WORD], np.uint32)
        return chains.words(outputs["out"].view(np.uint32), expected.view(np.uint32), "words that differ from those in NumPy")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Bytes read and written."""
        return {"launches": 1, "bytes": (int(point["size_kb"]) << 10) * 2 or _WORD_BYTES}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """There is no loop."""
        return None

    def entries(self, architecture: str) -> tuple[str, ...]:
        """Both kernels."""
        return ("launch_minimal", "launch_scale")


_SIZES_KB: dict[str, tuple[int | str, ...]] = {"size_kb": (0, 4, 16, 64, 256, 1024)}
_QUICK: dict[str, tuple[int | str, ...]] = {"size_kb": (0, 64)}
BENCHES.register(
    "launch-stream",
    LaunchCost(
        name="launch-stream",
        question="How long is one launch of many, back to back in a stream?",
        timing=Timing.BATCHED,
        axes=_SIZES_KB,
        quick=_QUICK,
    ),
)
BENCHES.register(
    "launch-graph",
    LaunchCost(
        name="launch-graph",
        question="How long is one launch of many from one graph?",
        timing=Timing.GRAPH,
        axes=_SIZES_KB,
        quick=_QUICK,
    ),
)
