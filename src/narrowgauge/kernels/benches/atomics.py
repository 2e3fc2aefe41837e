"""Atomic additions in global and shared memory, by how many threads meet at one address.

Additions of one, so that the counts tell that none was lost; in f16 they stay at 2048, to which one more rounds back.
Rates are additions per cycle; additions without a result run ahead of the memory, so only long runs measure its rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels.bench import BENCHES, LOOP_CONTROL, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing

UNROLL = 8  #: additions of one pass, in atomics.cu
_ONES = {"u32": 1, "f32": 0x3F800000, "f16x2": 0x3C003C00}
_MOST_IN_F16 = 2048  #: the next number is two further on


@dataclass(frozen=True)
class Atomics:
    """Blocks of 128 threads, one on every SM, whose thread t adds at address t mod `distinct`."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int = 31  #: timed passes of 8 additions; one more goes before them
    block: int = 128
    timing: Timing = Timing.CLOCK
    source: str = "atomics.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """All of it exists everywhere."""
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Counters at zero and a ticket for the last block; the counts, and what additions with a result saw."""
        distinct, word = int(point["distinct"]), np.dtype(np.uint32)
        if _shared(point):
            return Operands({}, {"out": ((device.sm_count, distinct), word)})
        counters = {"counters": np.zeros(distinct, np.uint32), "ticket": np.zeros(1, np.uint32)}
        return Operands(counters, {"out": ((distinct,), word), "seen": ((device.sm_count * self.block,), word)})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block on every SM."""
        arrays = ("out",) if _shared(point) else ("counters", "ticket", "out", "seen")
        numbers = (_ONES[_type(point)], int(point["distinct"]), self.iterations)
        return Launch(str(point["operation"]), device.sm_count, self.block, (*arrays, "clocks", *numbers))

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The number of additions at every address; results of additions at one address are 0, 1, 2, ... in some order."""
        distinct, each = int(point["distinct"]), UNROLL * (self.iterations + 1)
        threads = self.block if _shared(point) else self.block * device.sm_count
        address = np.arange(threads) % distinct
        counts = np.bincount(address, minlength=distinct) * each
        wrong = _in_type(counts, _type(point)) != outputs["out"]
        if _shared(point):
            return Check(float(np.count_nonzero(wrong)), 0.0, "counts that differ from the number of additions")
        fetched = counts * (counts - 1) // 2 if "fetch" in str(point["operation"]) else np.zeros_like(counts)
        seen = np.zeros(distinct, np.uint64)
        np.add.at(seen, address, outputs["seen"].astype(np.uint64))
        astray = seen.astype(np.uint32) != fetched.astype(np.uint64).astype(np.uint32)
        what = "counts, and sums of results, that differ from those of the additions"
        return Check(float(np.count_nonzero(wrong) + np.count_nonzero(astray)), 0.0, what)

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed additions of one thread, of one SM and of the launch."""
        each = UNROLL * self.iterations
        return {"instructions": each, "additions_per_sm": each * self.block, "additions": each * self.block * device.sm_count}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """Eight additions; in shared memory an addition of f32 is a loop that tries to exchange the sum for the old value."""
        if entry == "atomic_shared_f32":
            return InnerLoop({"LDS": 1, "FADD": 1, "ATOMS.CAST.SPIN": 1}, LOOP_CONTROL)
        if entry == "atomic_shared_u32":
            return InnerLoop({"ATOMS.ADD": UNROLL}, LOOP_CONTROL)
        reduction = "REDG" if architecture == "sm90" else "RED"
        opcode = {
            "atomic_fetch_u32": "ATOMG.E.ADD",
            "atomic_add_u32": f"{reduction}.E.ADD.STRONG",
            "atomic_add_f32": f"{reduction}.E.ADD.F32",
            "atomic_add_f16x2": f"{reduction}.E.ADD.F16x2",
        }[entry]
        return InnerLoop({opcode: UNROLL}, LOOP_CONTROL)

    def entries(self, architecture: str) -> tuple[str, ...]:
        """The operations on the axes."""
        return tuple(str(operation) for operation in self.axes["operation"])


def _shared(point: Point) -> bool:
    return "shared" in str(point["operation"])


def _type(point: Point) -> str:
    return str(point["operation"]).rpartition("_")[2]


def _in_type(counts: Array, kind: str) -> Array:
    """Counts as the words that hold them; f16 twice in a word."""
    match kind:
        case "f32":
            return counts.astype(np.float32).view(np.uint32)
        case "f16x2":
            half = np.minimum(counts, _MOST_IN_F16).astype(np.float16).view(np.uint16).astype(np.uint32)
            return np.asarray(half | half << np.uint32(16))
        case _:
            return counts.astype(np.uint32)


BENCHES.register(
    "atomics-global",
    Atomics(
        name="atomics-global",
        question="How many atomic additions per cycle does L2 do, when many or few threads meet at one address?",
        axes={
            "operation": ("atomic_add_u32", "atomic_fetch_u32", "atomic_add_f32", "atomic_add_f16x2"),
            "distinct": (1, 32, 1024, 32768),
        },
        quick={"operation": ("atomic_add_f32",), "distinct": (1, 32768)},
    ),
)
BENCHES.register(
    "atomics-shared",
    Atomics(
        name="atomics-shared",
        question="How many atomic additions per cycle does shared memory do, when many or few threads meet at one address?",
        axes={"operation": ("atomic_shared_u32", "atomic_shared_f32"), "distinct": (1, 4, 32, 128)},
        quick={"distinct": (1, 128)},
    ),
)
