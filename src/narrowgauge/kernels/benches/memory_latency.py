"""Latency of dependent loads: shared memory, L1, L2, DRAM.

A ring of slots 128 bytes apart in random order through the whole working set, so that neither lines nor pages are met in
order: what lies beyond L2 includes the misses of the TLB, as in the published random chases (gpu-benches,
HPMLL/NVIDIA-Hopper-Benchmark), of which 16 KB in `l1` is their L1 and 2 to 8 MB their L2. `l2` loads pass L1 by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels import chains
from narrowgauge.kernels.bench import (
    BENCHES,
    LOOP_CONTROL,
    Array,
    Check,
    Device,
    InnerLoop,
    Launch,
    Operands,
    Point,
    Timing,
)

UNROLL = 32  #: loads of one pass, in chase.cu
_LINE_BYTES, _SECTOR_BYTES, _KB = 128, 32, 1024
_LONGEST_LAP = 1 << 17  #: slots; a larger ring is warmed by its prologue alone, which touches every slot
_ODD = 5  #: loads after a whole lap, so that no chase ends where it began
_SETS_KB = (16, 64, 128, 256, 512, 2048, 8192, 16384, 32768, 65536, 131072, 262144, 524288)
_PLACES = 32  #: lines whose distance to every SM is measured
_APART_BYTES = 65 * _LINE_BYTES
_DIVERGENCE = ("BSSY", "BSYNC", "WARPSYNC")  #: one thread walks


@dataclass(frozen=True)
class Chase:
    """One thread per block walks a ring in global memory; what it warms first, and how many loads count."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int  #: timed passes of 32 loads; one more goes before them
    timing: Timing = Timing.CLOCK
    source: str = "chase.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """The working set has to fit."""
        needed = _slots(point) * _stride(point)
        return f"the working set takes {needed >> 20} MB of memory" if 2 * needed > device.memory_bytes else None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """A ring: in the first word of every slot the byte offset of the next one; and where each block ends."""
        slots, stride = _slots(point), _stride(point)
        order = rng.permutation(slots)
        ring = np.zeros((_first(point) + slots * stride) // 8, np.uint64)
        ring[(_first(point) + order * stride) // 8] = np.roll(order, -1) * stride
        turn = {"turn": np.zeros(1, np.int32)} if "line" in point else {}
        return Operands({"ring": ring} | turn, {"out": ((self._blocks(point, device),), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block, or one on every SM that walk in turn."""
        slots = _slots(point)
        numbers = (_first(point), slots, _stride(point), _warm_steps(slots), self.iterations)
        if "line" in point:
            return Launch("chase_l2_in_turn", device.sm_count, 32, ("ring", "turn", "out", "clocks", *numbers))
        return Launch(f"chase_{point['through']}", 1, 256, ("ring", "out", "clocks", *numbers))

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The slot where the same walk ends on the host."""
        slots, stride = _slots(point), _stride(point)
        following = (inputs["ring"][_first(point) // 8 :: stride // 8][:slots].astype(np.int64) // stride).tolist()
        here = 0
        for _ in range(_warm_steps(slots) + UNROLL * (self.iterations + 1)):
            here = following[here]
        expected = np.full(outputs["out"].shape, here * stride, np.uint32)
        return chains.words(outputs["out"], expected, "blocks whose walk ends elsewhere")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed loads of a thread."""
        return {"loads": UNROLL * self.iterations, "working_set_bytes": _slots(point) * _stride(point)}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """32 loads; those that pass L1 by are coherent in the whole GPU."""
        coherent = 0 if entry == "chase_l1" else UNROLL
        return InnerLoop({"LDG.E.64": UNROLL - coherent, "LDG.E.64.STRONG.GPU": coherent}, (*LOOP_CONTROL, *_DIVERGENCE))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """One per cache that the loads go through."""
        return ("chase_l2_in_turn",) if "line" in self.axes else tuple(f"chase_{level}" for level in self.axes["through"])

    @staticmethod
    def _blocks(point: Point, device: Device) -> int:
        return device.sm_count if "line" in point else 1


@dataclass(frozen=True)
class SharedChase:
    """One thread walks a ring of words in shared memory."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int = 64  #: timed passes of 32 loads; one more goes before them
    timing: Timing = Timing.CLOCK
    source: str = "chase.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """Every GPU has shared memory."""
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """For every word the one that follows it, and where the walk ends."""
        order = rng.permutation(int(point["words"]))
        following = np.empty(len(order), np.uint32)
        following[order] = np.roll(order, -1)
        return Operands({"following": following}, {"out": ((1,), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block."""
        words = int(point["words"])
        return Launch("chase_shared", 1, 128, ("following", "out", "clocks", words, self.iterations), shared_bytes=4 * words)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The word where the same walk ends on the host."""
        here = 0
        for _ in range(UNROLL * (self.iterations + 1)):
            here = int(inputs["following"][here])
        return chains.words(outputs["out"], np.array([here], np.uint32), "blocks whose walk ends elsewhere")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed loads of the thread."""
        return {"loads": UNROLL * self.iterations, "working_set_bytes": 4 * int(point["words"])}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """32 loads."""
        return InnerLoop({"LDS": UNROLL}, (*LOOP_CONTROL, *_DIVERGENCE))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """The one kernel."""
        return ("chase_shared",)


def _slots(point: Point) -> int:
    return _LINE_BYTES // _SECTOR_BYTES if "line" in point else int(point["working_set_kb"]) * _KB // _LINE_BYTES


def _stride(point: Point) -> int:
    return _SECTOR_BYTES if "line" in point else _LINE_BYTES


def _first(point: Point) -> int:
    """Byte at which the ring begins."""
    return int(point["line"]) * _APART_BYTES if "line" in point else 0


def _warm_steps(slots: int) -> int:
    return (slots if slots <= _LONGEST_LAP else 0) + _ODD


BENCHES.register(
    "memory-latency",
    Chase(
        name="memory-latency",
        question="How long does a dependent load take, by the size of what is walked through?",
        axes={"through": ("l1", "l2"), "working_set_kb": _SETS_KB},
        quick={"working_set_kb": (16, 2048, 8192, 262144)},
        iterations=64,
    ),
)
BENCHES.register(
    "l2-latency-by-place",
    Chase(
        name="l2-latency-by-place",
        question="How long does each SM wait for a line in L2 (least and greatest cycles: near and far)?",
        axes={"line": tuple(range(_PLACES))},
        quick={"line": tuple(range(0, _PLACES, 4))},
        iterations=16,
    ),
)
BENCHES.register(
    "shared-latency",
    SharedChase(
        name="shared-latency",
        question="How long does a dependent load from shared memory take?",
        axes={"words": (1024,)},
        quick={},
    ),
)
