"""Dequantisation of what lies packed in shared memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from narrowgauge.kernels import codec_loops
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing
from narrowgauge.kernels.codecs import CODECS, Codec

_PLACES, _THREADS = 2, 256  # as in the kernel
_WORDS_PER_LOAD, _LOAD_BYTES, _REGISTERS = 4, 16, 16
_PREFIX = "dequant_shared_"


def _calls(codec: Codec) -> int:
    """The least power of two that makes whole loads and sixteen registers, as in the kernel."""
    calls = 1
    while calls * codec.words % _WORDS_PER_LOAD or calls * codec.registers < _REGISTERS:
        calls *= 2
    return calls


def _loads(codec: Codec) -> int:
    return _calls(codec) * codec.words // _WORDS_PER_LOAD


def _words(codec: Codec, packed: Array) -> Array:
    """The packed input (places, loads, threads, 4) as (places, threads, calls, words); load i holds words 4i .. 4i + 3."""
    return packed.transpose(0, 2, 1, 3).reshape(_PLACES, _THREADS, -1, codec.words)


@dataclass(frozen=True)
class DequantShared:
    """Each thread loads and converts two places of shared memory in turn."""

    trips: int = 512  #: even, so that both places are met equally often
    name: str = "dequant-shared"
    question: str = "How many weights per cycle does an SM load from shared memory and dequantise?"
    source: str = "dequant_shared.cu"
    timing: Timing = Timing.CLOCK
    axes: Mapping[str, tuple[int | str, ...]] = field(default_factory=lambda: {"codec": tuple(c.name for c in CODECS.values())})
    quick: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {"codec": ("int4_f16", "fp4_f16", "nf4_shared_pair_f16", "int4_int8")}
    )

    def skip(self, point: Point, device: Device) -> str | None:
        """The conversion instructions came with sm_89."""
        return codec_loops.missing(CODECS[str(point["codec"])], device.architecture)

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Packed words of random codes, the same for all blocks."""
        codec = CODECS[str(point["codec"])]
        words = codec_loops.random_words(codec, (_PLACES, _THREADS, _calls(codec)), rng)
        packed = words.reshape(_PLACES, _THREADS, -1, _WORDS_PER_LOAD).transpose(0, 2, 1, 3)
        result = ((device.sm_count, _calls(codec), _THREADS), np.dtype(np.uint32))
        return Operands({"packed": np.ascontiguousarray(packed), "table": codec.table()}, {"result": result})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block per SM."""
        codec = CODECS[str(point["codec"])]
        shared = codec_loops.TABLE_BYTES + _PLACES * _loads(codec) * _THREADS * _LOAD_BYTES
        arguments = ("packed", "table", "result", "clocks", self.trips)
        return Launch(_PREFIX + codec.name, device.sm_count, _THREADS, arguments, shared)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Both places count trips / 2 times."""
        codec = CODECS[str(point["codec"])]
        sums = codec_loops.register_sums(codec, _words(codec, inputs["packed"]))
        return codec_loops.equal(outputs["result"], (np.uint32(self.trips // 2) * sums.sum(axis=0, dtype=np.uint32)).T)

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Weights that one SM converts, and bytes that it reads from shared memory, in the timed region."""
        codec = CODECS[str(point["codec"])]
        calls = float(self.trips * _calls(codec) * _THREADS)
        return {"weights": calls * codec.weights, "bytes": calls * codec.words * 4, "warps_per_sm": _THREADS / 32}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop:
        """The codec's idiom so many times, the loads, and the LOP3 that turns to the other place."""
        codec = CODECS[entry.removeprefix(_PREFIX)]
        return codec_loops.loop_rule(codec.work, _calls(codec), {"LDS": _loads(codec), "LOP3": 1})

    def entries(self, architecture: str) -> tuple[str, ...]:
        """One kernel per codec."""
        return tuple(_PREFIX + codec.name for codec in codec_loops.available(architecture))


BENCHES.register("dequant-shared", DequantShared())
