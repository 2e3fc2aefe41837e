"""The tensor memory accelerator of Hopper: bandwidth by the size of a copy and the copies on their way; latency of one.

The published sweep (HPMLL/NVIDIA-Hopper-Benchmark, 114 blocks of 1 to 16 KB) has one stage and one block per SM. The
latency is that of a walk whose next address is read from shared memory when the copy has come: it contains one such read
and an addition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels import chains
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, TensorMap, Timing

_BLOCK = 128
_VECTOR_BYTES, _WORD_BYTES, _LINE_BYTES = 16, 4, 128
_BOX_COLUMNS, _ACROSS = 64, 16  #: words of a row of a box; boxes side by side
_SIZE_PER_L2 = 5  #: a sweep finds exp(-5) of it left over from the sweep before, if lines are replaced at random
_RESERVED_BYTES = 1024  #: of shared memory per block, taken by the system (CUDA C++ programming guide)
_BARRIER_BYTES = 128  #: the barriers, and what aligns the ring behind them
_ELECTION = ("ELECT", "R2UR", "PLOP3", "BRA.U.ANY")  #: of the lane that issues a copy
_NO_TMA = "the tensor memory accelerator needs sm_90"


@dataclass(frozen=True)
class Tma:
    """Blocks fetch chunks in rows (`tma_bulk`) or as boxes of a tensor map (`tma_tensor`), several at a time, and add them up."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    timing: Timing = Timing.BATCHED
    source: str = "tma.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """On sm_90, where the rings of all blocks of an SM fit."""
        if device.architecture != "sm90":
            return _NO_TMA
        needed = (_ring_bytes(point) + _BARRIER_BYTES + _RESERVED_BYTES) * int(point["blocks_per_sm"]) - _RESERVED_BYTES
        return f"rings of {needed >> 10} KB do not fit into an SM" if needed > device.max_shared_bytes else None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Random words in rows of sixteen boxes, about five times as many as fit into L2, and a sum per thread."""
        rows = -(-_chunks(point, device) // _ACROSS) * _box_rows(point)
        data = rng.integers(0, 1 << 32, (rows, _ACROSS * _BOX_COLUMNS), dtype=np.uint32)
        return Operands({"data": data}, {"out": ((_blocks(point, device), _BLOCK), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """`blocks_per_sm` blocks for every SM."""
        numbers = (_chunks(point, device), int(point["chunk_bytes"]), int(point["stages"]))
        geometry = (_blocks(point, device), _BLOCK)
        if point["copy"] == "tma_bulk":
            return Launch("tma_bulk", *geometry, ("data", "out", "clocks", *numbers), shared_bytes=_ring_bytes(point))
        return Launch(
            "tma_tensor",
            *geometry,
            ("map", "out", "clocks", *numbers, _BOX_COLUMNS, _box_rows(point), _ACROSS),
            shared_bytes=_ring_bytes(point),
            tensor_maps={"map": TensorMap("data", (_BOX_COLUMNS, _box_rows(point)))},
        )

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The sum of what each thread reads of the chunks of its block."""
        data, chunks, vectors = inputs["data"], _chunks(point, device), int(point["chunk_bytes"]) // _VECTOR_BYTES
        if point["copy"] == "tma_tensor":
            data = data.reshape(-1, _box_rows(point), _ACROSS, _BOX_COLUMNS).swapaxes(1, 2)
        sums = data.reshape(-1, 4).sum(axis=1, dtype=np.uint32)[: chunks * vectors].reshape(-1, _blocks(point, device), vectors)
        by_vector = np.zeros((sums.shape[1], -(-vectors // _BLOCK) * _BLOCK), np.uint32)
        by_vector[:, :vectors] = sums.sum(axis=0, dtype=np.uint32)
        expected = by_vector.reshape(len(by_vector), -1, _BLOCK).sum(axis=1, dtype=np.uint32)
        return chains.words(outputs["out"], expected, "sums that differ from those in NumPy")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Bytes of the launch, and bytes on their way to one SM."""
        return {
            "bytes": _chunks(point, device) * int(point["chunk_bytes"]),
            "bytes_in_flight_per_sm": _ring_bytes(point) * int(point["blocks_per_sm"]),
        }

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """The loop around one copy, in which a lane of the warp is chosen for it."""
        opcode = {"tma_bulk": "UBLKCP", "tma_tensor": "UTMALDG.2D"}[entry]
        return InnerLoop({opcode: 1}, _ELECTION)

    def entries(self, architecture: str) -> tuple[str, ...]:
        """The kinds of copies."""
        return tuple(str(copy) for copy in self.axes["copy"]) if architecture == "sm90" else ()


@dataclass(frozen=True)
class TmaLatency:
    """One thread walks through lines of 128 bytes in random order, each brought by one copy."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int = 1023  #: timed copies; one more goes before them
    timing: Timing = Timing.CLOCK
    source: str = "tma.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """On sm_90, where the working set fits."""
        if device.architecture != "sm90":
            return _NO_TMA
        needed = int(point["working_set_kb"])
        return f"a working set of {needed >> 10} MB does not fit" if needed << 11 > device.memory_bytes else None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Lines with the number of the next one in their first word; where the walk ends, and a sum per thread of the
        prologue."""
        lines = (int(point["working_set_kb"]) << 10) // _LINE_BYTES
        order = rng.permutation(lines)
        data = np.zeros((lines, _LINE_BYTES // _WORD_BYTES), np.uint32)
        data[order, 0] = np.roll(order, -1)
        return Operands({"data": data}, {"out": ((1,), np.dtype(np.uint32)), "touched": ((_BLOCK,), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block."""
        lines = (int(point["working_set_kb"]) << 10) // _LINE_BYTES
        return Launch("tma_latency", 1, _BLOCK, ("data", "out", "touched", "clocks", lines, self.iterations))

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The line where the same walk ends on the host, and the sums of what the prologue touches."""
        following = inputs["data"][:, 0]
        here = 0
        for _ in range(self.iterations + 1):
            here = int(following[here])
        touched = following.reshape(-1, _BLOCK).sum(axis=0, dtype=np.uint32)
        result = np.concatenate([outputs["out"], outputs["touched"]])
        return chains.words(
            result, np.concatenate([np.array([here], np.uint32), touched]), "numbers that differ from those in NumPy"
        )

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed copies."""
        return {"loads": self.iterations, "working_set_bytes": int(point["working_set_kb"]) << 10}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """The loop around one copy, in which a lane of the warp is chosen for it."""
        return InnerLoop({"UBLKCP": 1}, _ELECTION)

    def entries(self, architecture: str) -> tuple[str, ...]:
        """The one kernel."""
        return ("tma_latency",) if architecture == "sm90" else ()


def _blocks(point: Point, device: Device) -> int:
    return device.sm_count * int(point["blocks_per_sm"])


def _chunks(point: Point, device: Device) -> int:
    """Whole rounds of all stages of all blocks."""
    at_once = _blocks(point, device) * int(point["stages"])
    return max(1, _SIZE_PER_L2 * device.l2_bytes // int(point["chunk_bytes"]) // at_once) * at_once


def _box_rows(point: Point) -> int:
    return int(point["chunk_bytes"]) // (_BOX_COLUMNS * _WORD_BYTES)


def _ring_bytes(point: Point) -> int:
    return int(point["chunk_bytes"]) * int(point["stages"])


BENCHES.register(
    "tma",
    Tma(
        name="tma",
        question="How many bytes per second does the tensor memory accelerator bring, by the size and number of its copies?",
        axes={
            "copy": ("tma_bulk", "tma_tensor"),
            "chunk_bytes": (1024, 2048, 4096, 8192, 16384),
            "stages": (1, 4),
            "blocks_per_sm": (1, 2),
        },
        quick={"chunk_bytes": (4096, 16384), "stages": (1, 4), "blocks_per_sm": (1,)},
    ),
)
BENCHES.register(
    "tma-latency",
    TmaLatency(
        name="tma-latency",
        question="How long does one copy of the tensor memory accelerator take?",
        axes={"working_set_kb": (64, 2048, 8192, 262144)},
        quick={"working_set_kb": (2048, 262144)},
    ),
)
