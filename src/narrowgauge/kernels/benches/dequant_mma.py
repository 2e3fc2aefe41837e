"""Dequantisation fused in front of the tensor cores.

The accumulators of integer operands are exact. Those of floats may differ by the rounding of each accumulation, and the FP8 units
of Ada keep 13 fraction bits of a sum: their tokens are ±1 in two places of a column, so that every sum stays below 2^13 steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from narrowgauge.kernels import codec_loops, elements, fragments
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing
from narrowgauge.kernels.codecs import CODECS, Codec, Target

_FUSED = (
    *("int2_f16", "int3_f16", "int4_f16", "uint4_f16", "int8_f16", "fp4_f16", "fp6_e3m2_f16", "fp8_e4m3_f16", "fp8_e5m2_f16"),
    *("nf4_prmt_f16", "nf4_shared_f16", "nf4_shared_pair_f16", "nf4_shuffle_f16", "flint4_prmt_f16"),
    *("int4_bf16", "int8_bf16", "fp4_bf16"),
    *("int4_int8", "int4_shifted_int8", "uint4_scaled_int8", "int2_int8", "ternary_int8", "ternary243_int8"),
    *("fp8_e4m3_cvt_f16", "fp4_prmt_fp8", "int4_prmt_fp8"),
)
_ALONE = {"none_f16": Target.FP16, "none_int8": Target.INT8, "none_fp8": Target.FP8}
_OPCODES = {
    Target.FP16: "HMMA.16816.F32",
    Target.BF16: "HMMA.16816.F32.BF16",
    Target.INT8: "IMMA.16832",
    Target.FP8: "QMMA.16832.F32",
}
_ELEMENTS = {Target.FP16: "f16", Target.BF16: "bf16", Target.INT8: "s8", Target.FP8: "e4m3"}
_A_REGISTERS, _B_REGISTERS, _C_ELEMENTS, _WARP, _TILE = 4, 2, 4, 32, (16, 8)
_LINE_BITS = 256  #: of K in one mma.sync
_ADA, _PREFIX = "sm89", "dequant_mma_"
_STEP = 2.0**-22  #: relative error of one accumulation in float, as the tensor cores truncate


@dataclass(frozen=True)
class _Loop:
    """One trip of a point: `fragments` A fragments of `target` elements, made by calls of `codec`, or standing still."""

    target: Target
    codec: Codec | None
    tiles: int

    @classmethod
    def of(cls, name: str, tiles: int) -> _Loop:
        codec = None if name in _ALONE else CODECS[name]
        return cls(codec.target if codec else _ALONE[name], codec, tiles)

    @property
    def calls(self) -> int:
        return 1 if self.codec is None or self.codec.registers >= 2 * _A_REGISTERS else 2

    @property
    def fragments(self) -> int:
        return self.calls * self.codec.registers // _A_REGISTERS if self.codec else 2

    @property
    def element(self) -> str:
        return _ELEMENTS[self.target]

    @property
    def depth(self) -> int:
        """Elements of K in one multiplication."""
        return _LINE_BITS // elements.BITS[self.element]

    @property
    def accumulators(self) -> int:
        """Per thread."""
        return self.fragments * self.tiles * _C_ELEMENTS


def _loop(point: Point) -> _Loop:
    return _Loop.of(str(point["codec"]), int(point["tiles"]))


def _a_values(loop: _Loop, registers: Array) -> npt.NDArray[np.float64]:
    """Registers (threads, fragments × 4) as matrices (warps, fragments, 16, depth)."""
    by_warp = registers.reshape(-1, _WARP, loop.fragments, _A_REGISTERS).transpose(0, 2, 3, 1)
    bits = elements.BITS[loop.element]
    return np.stack([[elements.to_values(fragments.a_codes(f, bits, _TILE[0]), loop.element) for f in warp] for warp in by_warp])


def _b_values(loop: _Loop, tokens: Array) -> npt.NDArray[np.float64]:
    """Tokens (tiles × 2, threads) as matrices (warps, tiles, depth, 8)."""
    by_warp = tokens.reshape(loop.tiles, _B_REGISTERS, -1, _WARP).transpose(2, 0, 1, 3)
    bits = elements.BITS[loop.element]
    return np.stack([[elements.to_values(fragments.b_codes(f, bits), loop.element) for f in warp] for warp in by_warp])


def _tokens(loop: _Loop, warps: int, rng: np.random.Generator) -> Array:
    """Registers (tiles × 2, threads) of small integers; FP8: ±1 in two places of each column."""
    shape = (warps, loop.tiles, _TILE[1], loop.depth)
    values = rng.choice([-2.0, -1.0, 1.0, 2.0], size=shape)
    if loop.target is Target.FP8:
        kept = np.argsort(rng.random(shape), axis=-1) < _B_REGISTERS
        values = np.where(kept, np.sign(values), 0.0)
    codes = elements.to_codes(values, loop.element)
    bits = elements.BITS[loop.element]
    registers = np.stack([[fragments.b_fragment(np.ascontiguousarray(tile.T), bits) for tile in warp] for warp in codes])
    return np.ascontiguousarray(registers.transpose(1, 2, 0, 3)).reshape(loop.tiles * _B_REGISTERS, -1)


@dataclass(frozen=True)
class DequantMma:
    """Every warp multiplies its own dequantised weights with its own tokens."""

    trips: int = 256  #: even, so that both values of the words are met equally often
    name: str = "dequant-mma"
    question: str = "What share of the tensor cores' rate survives when weights are dequantised in front of mma.sync?"
    source: str = "dequant_mma.cu"
    timing: Timing = Timing.CLOCK
    axes: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {"codec": (*_ALONE, *_FUSED), "tiles": (1, 2, 4), "warps": (4, 8, 16)}
    )
    quick: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {
            "codec": ("none_f16", "int4_f16", "fp4_f16", "nf4_prmt_f16", "none_int8", "int4_int8"),
            "warps": (8,),
        }
    )

    def skip(self, point: Point, device: Device) -> str | None:
        """FP8 operands are Ada's alone; the conversion instructions came with it."""
        loop = _loop(point)
        if loop.target is Target.FP8 and device.architecture != _ADA:
            return "mma.sync of FP8 is native on sm_89 alone: earlier parts lack it, sm_90 emulates it"
        return codec_loops.missing(loop.codec, device.architecture) if loop.codec else None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Two values of every input word (or A fragments that stand still), and B fragments; the same for all blocks."""
        loop, warps = _loop(point), int(point["warps"])
        threads = _WARP * warps
        if loop.codec:
            first, sums = codec_loops.alternating(loop.codec, loop.calls, threads, rng)
            table = loop.codec.table()
        else:
            values = rng.choice(
                [-2.0, -1.0, 1.0, 2.0], size=(threads, loop.fragments * _A_REGISTERS * 32 // elements.BITS[loop.element])
            )
            first = np.ascontiguousarray(fragments.pack(elements.to_codes(values, loop.element), elements.BITS[loop.element]).T)
            sums = table = np.zeros(1, dtype=np.uint32)
        kind = np.dtype(np.int32 if loop.target is Target.INT8 else np.float32)
        result = ((device.sm_count, loop.accumulators, threads), kind)
        inputs = {"first": first, "sums": sums, "table": table, "tokens": _tokens(loop, warps, rng)}
        return Operands(inputs, {"result": result})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block per SM."""
        entry = f"{_PREFIX}{point['codec']}_tiles{point['tiles']}"
        arguments = ("first", "sums", "table", "tokens", "result", "clocks", self.trips)
        return Launch(entry, device.sm_count, _WARP * int(point["warps"]), arguments, codec_loops.TABLE_BYTES)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Every accumulator against trips / 2 × (A of one value + A of the other) B in double precision."""
        loop = _loop(point)
        if loop.codec:
            both = codec_loops.both(loop.codec, inputs["first"], inputs["sums"])
            a = [_a_values(loop, loop.codec.expected(words).reshape(len(words), -1)) for words in both]
        else:
            a = 2 * [_a_values(loop, np.ascontiguousarray(inputs["first"].T))]
        b = _b_values(loop, inputs["tokens"])[:, None]
        wanted = self.trips / 2 * ((a[0] + a[1])[:, :, None] @ b)
        terms = self.trips / 2 * ((np.abs(a[0]) + np.abs(a[1]))[:, :, None] @ np.abs(b))
        got = self._matrices(loop, outputs["result"])
        error = float(np.max(np.abs(got - wanted) / np.maximum(terms, 1.0)))
        return Check(
            error, 0.0 if loop.target is Target.INT8 else self.trips * _STEP, "error of a sum, relative to the sum of its terms"
        )

    def _matrices(self, loop: _Loop, result: Array) -> npt.NDArray[np.float64]:
        """Accumulators (blocks, fragments × tiles × 4, threads) as (blocks, warps, fragments, tiles, 16, 8)."""
        blocks = result.shape[0]
        parts = result.reshape(blocks, loop.fragments, loop.tiles, _C_ELEMENTS, -1, _WARP).astype(np.float64)
        return fragments.accumulator_matrix(parts.transpose(0, 4, 1, 2, 3, 5))

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Of one SM in the timed region: multiply-adds, and weights that were dequantised."""
        loop, warps = _loop(point), int(point["warps"])
        products = float(self.trips * loop.fragments * loop.tiles)
        weights = float(self.trips * loop.fragments * _TILE[0] * loop.depth * warps)
        macs = products * _TILE[0] * _TILE[1] * loop.depth * warps
        return {"instructions": products, "macs_per_sm": macs, "weights": weights, "warps_per_sm": float(warps)}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop:
        """The codec's idiom so many times, and the products."""
        name, _, tiles = entry.removeprefix(_PREFIX).rpartition("_tiles")
        loop = _Loop.of(name, int(tiles))
        products = {_OPCODES[loop.target]: loop.fragments * loop.tiles}
        return codec_loops.loop_rule(loop.codec.work if loop.codec else {}, loop.calls, products)

    def entries(self, architecture: str) -> tuple[str, ...]:
        """One kernel per codec and reuse."""
        device = Device(architecture, 1, 0, 0, 0)
        names = (str(name) for name in self.axes["codec"] if self.skip({"codec": name, "tiles": 1}, device) is None)
        return tuple(f"{_PREFIX}{name}_tiles{tiles}" for name in names for tiles in self.axes["tiles"])


BENCHES.register("dequant-mma", DequantMma())
