"""Dequantisation from registers to registers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from narrowgauge.kernels import codec_loops
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing
from narrowgauge.kernels.codecs import CODECS, Codec

_REGISTERS_PER_TRIP = 16
_PREFIX = "dequant_registers_"


def _calls(codec: Codec) -> int:
    return max(1, _REGISTERS_PER_TRIP // codec.registers)


@dataclass(frozen=True)
class DequantRegisters:
    """Each thread converts the same few words over and over, in turn with their alternates."""

    trips: int = 512  #: even, so that both alternates are met equally often
    name: str = "dequant-registers"
    question: str = "How many weights per cycle does an SM dequantise, from registers to registers?"
    source: str = "dequant_registers.cu"
    timing: Timing = Timing.CLOCK
    axes: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {"codec": tuple(c.name for c in CODECS.values()), "warps": (4, 16)}
    )
    quick: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {
            "codec": (
                "int4_f16",
                "int4_bf16",
                "int8_f16",
                "fp4_f16",
                "fp6_e3m2_f16",
                "fp8_e4m3_f16",
                "nf4_prmt_f16",
                "int4_int8",
            ),
            "warps": (16,),
        }
    )

    def skip(self, point: Point, device: Device) -> str | None:
        """The conversion instructions came with sm_89."""
        return codec_loops.missing(CODECS[str(point["codec"])], device.architecture)

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Two values of every input word, the same for all blocks."""
        codec, threads = CODECS[str(point["codec"])], 32 * int(point["warps"])
        first, sums = codec_loops.alternating(codec, _calls(codec), threads, rng)
        result = ((device.sm_count, _calls(codec), threads), np.dtype(np.uint32))
        return Operands({"first": first, "sums": sums, "table": codec.table()}, {"result": result})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block per SM."""
        codec = CODECS[str(point["codec"])]
        arguments = ("first", "sums", "table", "result", "clocks", self.trips)
        return Launch(_PREFIX + codec.name, device.sm_count, 32 * int(point["warps"]), arguments, codec_loops.TABLE_BYTES)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Both values count trips / 2 times."""
        codec = CODECS[str(point["codec"])]
        one, other = (
            codec_loops.register_sums(codec, words) for words in codec_loops.both(codec, inputs["first"], inputs["sums"])
        )
        return codec_loops.equal(outputs["result"], (np.uint32(self.trips // 2) * (one + other)).T)

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Weights that one SM converts in the timed region."""
        codec, warps = CODECS[str(point["codec"])], int(point["warps"])
        weights = self.trips * _calls(codec) * codec.weights
        return {"weights": float(32 * warps * weights), "weights_per_thread": float(weights), "warps_per_sm": float(warps)}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop:
        """The codec's idiom, so many times."""
        codec = CODECS[entry.removeprefix(_PREFIX)]
        return codec_loops.loop_rule(codec.work, _calls(codec), {})

    def entries(self, architecture: str) -> tuple[str, ...]:
        """One kernel per codec."""
        return tuple(_PREFIX + codec.name for codec in codec_loops.available(architecture))


BENCHES.register("dequant-registers", DequantRegisters())
