"""Bandwidth of L2 and DRAM by the size of what is read, written or copied; random segments; strides.

Sizes are percent of L2: well below 100 the data stay in it over the passes of one launch, at 800 they do not. Rates count
the bytes asked for, of copies both ways, over the whole launch. A random segment is aligned to its size and read by
neighbouring lanes, 16 bytes each. A strided read takes one word every `stride_bytes`; DRAM and L2 move sectors of 32
bytes, which `sector_bytes` counts."""

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

AT_ONCE = 4  #: elements that a thread fetches before it uses them, in memory_stream.cu
_BLOCKS_PER_SM, _BLOCK = 4, 256
_VECTOR_BYTES, _WORD_BYTES, _SECTOR_BYTES = 16, 4, 32
_TRAFFIC_PERCENT = 1600  #: of L2, moved by one launch at least: long against the cost of a launch
_ADDRESSES = ("IMAD", "HFMA2.MMA", "MOV", "LDC", "ULDC", "YIELD", "LOP3", "SHF", "LEA")  #: HFMA2.MMA moves a constant
_OPCODES = {
    "stream_read": {"LDG.E.128.STRONG.GPU": AT_ONCE},
    "random_read": {"LDG.E.128.STRONG.GPU": AT_ONCE},
    "strided_read": {"LDG.E.STRONG.GPU": AT_ONCE},
    "stream_write": {"STG.E.128.STRONG.GPU": AT_ONCE},
    "stream_copy": {"LDG.E.128.STRONG.GPU": AT_ONCE, "STG.E.128.STRONG.GPU": AT_ONCE},
}


@dataclass(frozen=True)
class Stream:
    """One access over an array of `percent_of_l2`; all elements are touched once per pass."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    timing: Timing = Timing.BATCHED
    source: str = "memory_stream.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """The arrays have to fit."""
        needed = 3 * int(point["percent_of_l2"]) * device.l2_bytes // 100
        return f"arrays of {needed >> 20} MB do not fit into memory" if needed > device.memory_bytes else None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Random (or zero) words, and a sum per thread or a copy."""
        access, elements = str(point["access"]), _elements(point, device)
        words = _words(point, device)
        zero = point.get("data") == "zero"
        data = np.zeros(words, np.uint32) if zero else rng.integers(0, 1 << 32, words, dtype=np.uint32)
        vectors = access in ("stream_write", "stream_copy")
        shape = (elements, _VECTOR_BYTES // _WORD_BYTES) if vectors else (_threads(device),)
        return Operands({} if access == "stream_write" else {"data": data}, {"out": (shape, np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """Four blocks of 256 threads for every SM."""
        access = str(point["access"])
        arrays = ("out",) if access == "stream_write" else ("data", "out")
        numbers: tuple[int, ...] = (_elements(point, device), _passes(point))
        if access == "random_read":
            numbers += (_log_vectors(point), _segment_bits(point, device))
        elif access == "strided_read":
            numbers += (int(point["stride_bytes"]) // _WORD_BYTES,)
        return Launch(access, device.sm_count * _BLOCKS_PER_SM, _BLOCK, (*arrays, "clocks", *numbers))

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The sum of what each thread reads, or every word of what is written."""
        access, passes = str(point["access"]), _passes(point)
        k = np.arange(_elements(point, device), dtype=np.uint32)
        if access == "stream_write":
            last = np.uint32(passes - 1)
            expected = np.stack([k, ~k, np.full_like(k, last), k ^ last], axis=-1)
        elif access == "stream_copy":
            expected = inputs["data"].reshape(-1, 4)
        elif access == "strided_read":
            expected = _by_thread(inputs["data"][:: int(point["stride_bytes"]) // _WORD_BYTES][: len(k)], device, passes)
        else:
            sums = inputs["data"].reshape(-1, 4).sum(axis=1, dtype=np.uint32)
            if access == "random_read":
                log = np.uint32(_log_vectors(point))
                segment = scrambled(k >> log, _segment_bits(point, device))
                sums = sums[segment << log | k & np.uint32((1 << int(log)) - 1)]
            expected = _by_thread(sums[: len(k)], device, passes)
        return chains.words(outputs["out"], expected, "sums or words that differ from those in NumPy")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Bytes asked for in the launch and, of strided reads, the bytes of the sectors that they lie in."""
        access = str(point["access"])
        touched = _elements(point, device) * _passes(point)
        if access == "strided_read":
            spacing = min(int(point["stride_bytes"]), _SECTOR_BYTES)
            return {"bytes": touched * _WORD_BYTES, "sector_bytes": touched * spacing}
        size = _elements(point, device) * _VECTOR_BYTES
        return {"bytes": touched * _VECTOR_BYTES * (2 if access == "stream_copy" else 1), "working_set_bytes": size}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """Four accesses, and the arithmetic of their addresses."""
        return InnerLoop(_OPCODES[entry], (*LOOP_CONTROL, *_ADDRESSES))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """The accesses on the axes."""
        return tuple(str(access) for access in self.axes["access"])


def scrambled(x: Array, bits: int) -> Array:
    """The permutation of the numbers of `bits` bits in memory_stream.cu."""
    mask, shift = np.uint32((1 << bits) - 1), np.uint32(bits // 2)
    x = x * np.uint32(0x9E3779B1) & mask
    x = x ^ x >> shift
    x = x * np.uint32(0x85EBCA6B) & mask
    return x ^ x >> shift


def _threads(device: Device) -> int:
    return device.sm_count * _BLOCKS_PER_SM * _BLOCK


def _words(point: Point, device: Device) -> int:
    """Words of the array: what the elements span."""
    spacing = int(point["stride_bytes"]) if "stride_bytes" in point else _VECTOR_BYTES
    if point["access"] == "random_read":
        return (_VECTOR_BYTES << _log_vectors(point) << _segment_bits(point, device)) // _WORD_BYTES
    return _elements(point, device) * spacing // _WORD_BYTES


def _elements(point: Point, device: Device) -> int:
    """Vectors, or words of a strided read: as many as the size holds, in whole rounds of all threads, at least one round."""
    size = int(point["percent_of_l2"]) * device.l2_bytes // 100
    if point["access"] == "random_read":
        size = _VECTOR_BYTES << _log_vectors(point) << _segment_bits(point, device)
    spacing = int(point["stride_bytes"]) if "stride_bytes" in point else _VECTOR_BYTES
    whole = AT_ONCE * _threads(device)
    return max(1, size // spacing // whole) * whole


def _passes(point: Point) -> int:
    return max(1, _TRAFFIC_PERCENT // int(point["percent_of_l2"]))


def _log_vectors(point: Point) -> int:
    return (int(point["segment_bytes"]) // _VECTOR_BYTES).bit_length() - 1


def _segment_bits(point: Point, device: Device) -> int:
    """Logarithm of the number of segments: the largest power of two in the size, and no fewer than a round of all threads
    needs."""
    size = int(point["percent_of_l2"]) * device.l2_bytes // 100
    needed = AT_ONCE * _threads(device) * _VECTOR_BYTES
    segments = size // int(point["segment_bytes"])
    least = -(-needed // int(point["segment_bytes"]))
    return max(segments.bit_length() - 1, (least - 1).bit_length())


def _by_thread(values: Array, device: Device, passes: int) -> Array:
    sums: Array = values.reshape(-1, _threads(device)).sum(axis=0, dtype=np.uint32) * np.uint32(passes)
    return sums


for _bench in (
    Stream(
        name="memory-stream",
        question="How many bytes per second do L2 and DRAM move, read, written or copied, by size?",
        axes={"access": ("stream_read", "stream_write", "stream_copy"), "percent_of_l2": (15, 30, 60, 100, 200, 800)},
        quick={"percent_of_l2": (30, 800)},
    ),
    Stream(
        name="memory-random",
        question="How many bytes per second come from random segments of L2 and DRAM?",
        axes={"access": ("random_read",), "segment_bytes": (32, 64, 128, 256, 512), "percent_of_l2": (30, 800)},
        quick={"segment_bytes": (32, 128), "percent_of_l2": (800,)},
    ),
    Stream(
        name="memory-strided",
        question="How many words per second come from DRAM, one every so many bytes?",
        axes={"access": ("strided_read",), "stride_bytes": (4, 8, 16, 32, 64, 128), "percent_of_l2": (800,)},
        quick={"stride_bytes": (32, 128)},
    ),
):
    BENCHES.register(_bench.name, _bench)
