"""cp.async: bandwidth by the bytes on their way to an SM = stages × 4 KB × blocks on the SM.

By Little's law the bandwidth is bytes on their way / latency until DRAM is saturated; where that is decides how deep a
kernel's pipeline has to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels import chains
from narrowgauge.kernels.bench import BENCHES, LOOP_CONTROL, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing

_BLOCK, _VECTOR_BYTES, _VECTOR_WORDS = 256, 16, 4
_RESERVED_BYTES = 1024  #: of shared memory per block, taken by the system (CUDA C++ programming guide)
_SIZE_PER_L2 = 5  #: a sweep finds exp(-5) of it left over from the sweep before, if lines are replaced at random
_AROUND = ("IMAD", "UMOV", "MOV", "LEA", "LDC")
_IDLE_LDS = 3  #: that never execute, placed before every LDGSTS by the assembler


@dataclass(frozen=True)
class AsyncCopy:
    """Every thread brings vectors of 16 bytes from DRAM with `stages` of them on their way."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    timing: Timing = Timing.BATCHED
    source: str = "async_copy.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """All blocks of an SM have to fit."""
        per_block = (int(point["stages"]) + 1) * _BLOCK * _VECTOR_BYTES + _RESERVED_BYTES
        needed = per_block * int(point["blocks_per_sm"]) - _RESERVED_BYTES
        return f"rings of {needed >> 10} KB do not fit into an SM" if needed > device.max_shared_bytes else None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Random words, five times as many as fit into L2, and a sum per thread."""
        threads, rounds = _geometry(point, device)
        data = rng.integers(0, 1 << 32, threads * rounds * _VECTOR_WORDS, dtype=np.uint32)
        return Operands({"data": data}, {"out": ((threads,), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """`blocks_per_sm` blocks for every SM."""
        threads, rounds = _geometry(point, device)
        return Launch(f"async_copy_{point['stages']}", threads // _BLOCK, _BLOCK, ("data", "out", "clocks", rounds))

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The sum of what each thread copies."""
        threads, rounds = _geometry(point, device)
        expected = inputs["data"].reshape(rounds, threads, _VECTOR_WORDS).sum(axis=(0, 2), dtype=np.uint32)
        return chains.words(outputs["out"], expected, "sums that differ from those in NumPy")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Bytes of the launch, and bytes on their way to one SM."""
        threads, rounds = _geometry(point, device)
        in_flight = int(point["stages"]) * _BLOCK * _VECTOR_BYTES * int(point["blocks_per_sm"])
        return {"bytes": threads * rounds * _VECTOR_BYTES, "bytes_in_flight_per_sm": in_flight}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """One turn of the ring: a copy, a commitment, a wait and a read for each of its slots."""
        slots = int(entry.rpartition("_")[2]) + 1
        each = dict.fromkeys(("LDGSTS.E.BYPASS.128", "LDGDEPBAR", "DEPBAR.LE", "LDS.128"), slots)
        return InnerLoop({**each, "LDS": _IDLE_LDS * slots}, (*LOOP_CONTROL, *_AROUND))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """One per number of stages."""
        return tuple(f"async_copy_{stages}" for stages in self.axes["stages"])


def _geometry(point: Point, device: Device) -> tuple[int, int]:
    """Threads of the launch, and vectors of each: whole turns of the ring."""
    threads = device.sm_count * int(point["blocks_per_sm"]) * _BLOCK
    slots = int(point["stages"]) + 1
    return threads, max(1, _SIZE_PER_L2 * device.l2_bytes // _VECTOR_BYTES // threads // slots) * slots


BENCHES.register(
    "async-copy",
    AsyncCopy(
        name="async-copy",
        question="How many bytes per second does cp.async bring, by the bytes on their way to an SM?",
        axes={"stages": (1, 2, 4, 8), "blocks_per_sm": (1, 2, 4)},
        quick={"stages": (1, 8), "blocks_per_sm": (1, 2)},
    ),
)
