"""Shared memory and L1: bytes per cycle and SM by width and number of warps, bank conflicts, ldmatrix.

Rates count the bytes that the instructions ask for. A load with stride s (in words) takes as many cycles per warp as the
busiest of the 32 banks serves words: the greatest common divisor of s and 32."""

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

UNROLL, STEP_BYTES, WORDS = (
    16,
    1024,
    6144,
)  #: accesses of one pass, the distance between them, and the memory; in shared_memory.cu
_WORD_BYTES, _LANES = 4, 32
_LANE = np.arange(_LANES)
_ROW_BYTES = 16  #: of a matrix of ldmatrix
_WIDTHS = {"4": "", "8": ".64", "16": ".128"}
_MATRICES = {"x1": 1, "x2": 2, "x4": 4, "x4_trans": 4}


@dataclass(frozen=True)
class OnChip:
    """`iterations` passes of one access on every warp of one block per SM."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int = 64  #: timed passes; one more goes before them
    timing: Timing = Timing.CLOCK
    source: str = "shared_memory.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """All of it exists everywhere."""
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Random (or zero) words, the byte offset of each lane, and a sum per thread or, of stores, the memory of each block."""
        kind, width = _parts(point)
        spacing = int(point["stride_words"]) * _WORD_BYTES if "stride_words" in point else width
        zero = point.get("data") == "zero"
        inputs = {
            "data": np.zeros(WORDS, np.uint32) if zero else rng.integers(0, 1 << 32, WORDS, dtype=np.uint32),
            "offsets": (_LANE * spacing).astype(np.uint32),
        }
        per_block = WORDS if kind == "shared_store" else int(point["warps"]) * _LANES
        return Operands(inputs, {"out": ((device.sm_count, per_block), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block of `warps` warps on every SM."""
        arguments = ("data", "offsets", "out", "clocks", self.iterations)
        return Launch(str(point["access"]), device.sm_count, int(point["warps"]) * _LANES, arguments)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Sums of what every lane loads, or the memory after the last pass of stores."""
        kind, width = _parts(point)
        data, offsets, passes = inputs["data"], inputs["offsets"].astype(np.intp), self.iterations + 1
        places = _places(offsets, width, UNROLL + 1)
        if kind == "shared_store":
            expected = data.copy()
            expected[places[:UNROLL]] = data[: width // _WORD_BYTES * _LANES].reshape(_LANES, -1) + np.uint32(passes)
        elif kind == "ldmatrix":
            expected = _in_lanes(_matrix_sums(data, offsets, str(point["access"])) * np.uint32(passes), outputs)
        else:
            steps = data[places].sum(axis=-1, dtype=np.uint32)  # (steps, lanes)
            ahead = passes // 2 if kind == "l1_load" else 0  # every other pass of the loads from L1 begins a step later
            sums = steps[:UNROLL].sum(axis=0, dtype=np.uint32) * np.uint32(passes - ahead)
            expected = _in_lanes(sums + steps[1:].sum(axis=0, dtype=np.uint32) * np.uint32(ahead), outputs)
        return chains.words(outputs["out"], expected, "words that differ from the sums or stores in NumPy")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed accesses of one warp and their bytes on one SM."""
        accesses, warps = UNROLL * self.iterations, int(point["warps"])
        kind, width = _parts(point)
        per_warp = (
            _MATRICES[str(point["access"]).removeprefix("ldmatrix_")] * 8 * _ROW_BYTES if kind == "ldmatrix" else width * _LANES
        )
        return {"instructions": accesses, "warps_per_sm": warps, "bytes_per_sm": accesses * warps * per_warp}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """One pass of 16 accesses; additions of what was loaded, of the address, or to what is stored."""
        kind, _, width = entry.rpartition("_")
        if entry.startswith("ldmatrix"):
            form = entry.removeprefix("ldmatrix_")
            shape = "MT88" if form.endswith("trans") else "M88"
            many = f".{_MATRICES[form]}" if _MATRICES[form] > 1 else ""
            return InnerLoop({f"LDSM.16.{shape}{many}": UNROLL}, LOOP_CONTROL)
        opcode = {"shared_load": "LDS", "shared_store": "STS", "l1_load": "LDG.E"}[kind] + _WIDTHS[width]
        address = ("IMAD.MOV", "LEA", "IADD3", "IMAD.X", "SHF") if kind == "l1_load" else ()
        return InnerLoop({opcode: UNROLL, "LDG.E.STRONG": 0}, (*LOOP_CONTROL, *address))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """The accesses on the axes."""
        return tuple(str(access) for access in self.axes["access"])


def _parts(point: Point) -> tuple[str, int]:
    """Kind and bytes per lane of an access such as `shared_load_16`; a lane of ldmatrix points at 16 bytes."""
    access = str(point["access"])
    if access.startswith("ldmatrix"):
        return "ldmatrix", _ROW_BYTES
    kind, _, width = access.rpartition("_")
    return kind, int(width)


def _places(offsets: Array, width: int, steps: int) -> Array:
    """Word that each step, lane and part of the width touches: (steps, lanes, width / 4)."""
    start = (offsets + STEP_BYTES * np.arange(steps)[:, None]) // _WORD_BYTES
    return start[..., None] + np.arange(width // _WORD_BYTES)


def _matrix_sums(data: Array, offsets: Array, access: str) -> Array:
    """Sum over the steps and matrices of what ldmatrix gives each lane: word t of row g, or transposed column g of rows 2t,
    2t+1."""
    form = access.removeprefix("ldmatrix_")
    group, thread = _LANE // 4, _LANE % 4
    halves = data.view(np.uint16).astype(np.uint32)
    total = np.zeros(_LANES, np.uint32)
    for step in range(UNROLL):
        rows = (offsets + STEP_BYTES * step) // 2  # in halves
        for first in range(0, 8 * _MATRICES[form], 8):
            if form.endswith("trans"):
                low, high = halves[rows[first + 2 * thread] + group], halves[rows[first + 2 * thread + 1] + group]
            else:
                low, high = halves[rows[first + group] + 2 * thread], halves[rows[first + group] + 2 * thread + 1]
            total += low | high << np.uint32(16)
    return total


def _in_lanes(sums: Array, outputs: Mapping[str, Array]) -> Array:
    """The sums of 32 lanes for all threads of a block."""
    return np.tile(sums, outputs["out"].shape[1] // _LANES)


_WARPS = (1, 2, 4, 8, 16, 32)
for _bench in (
    OnChip(
        name="shared-bandwidth",
        question="How many bytes per cycle does shared memory move, by width and number of warps?",
        axes={"access": tuple(f"shared_{way}_{width}" for way in ("load", "store") for width in _WIDTHS), "warps": _WARPS},
        quick={"warps": (1, 32)},
    ),
    OnChip(
        name="shared-bank-conflicts",
        question="How much longer does a load from shared memory take when lanes meet in one bank?",
        axes={"access": ("shared_load_4",), "stride_words": (0, 1, 2, 3, 4, 8, 16, 32, 33), "warps": (1, 8)},
        quick={"stride_words": (1, 2, 8, 32), "warps": (8,)},
    ),
    OnChip(
        name="ldmatrix",
        question="How many bytes per cycle does ldmatrix bring into registers?",
        axes={"access": tuple(f"ldmatrix_{form}" for form in _MATRICES), "warps": _WARPS},
        quick={"access": ("ldmatrix_x4",), "warps": (1, 16)},
    ),
    OnChip(
        name="l1-bandwidth",
        question="How many bytes per cycle do loads bring from L1, by width and number of warps?",
        axes={"access": tuple(f"l1_load_{width}" for width in _WIDTHS), "warps": _WARPS},
        quick={"warps": (32,)},
    ),
):
    BENCHES.register(_bench.name, _bench)
