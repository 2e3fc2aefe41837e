"""A tiled GEMM whose weights are dequantised between shared memory and the tensor cores: W4A16, W8A16, W4A8 and their like.

Every block of 64 tokens dequantises its weights anew, and K is not split: 16 tokens and 4096 rows make 64 blocks, fewer than a
large GPU has SMs. Scales are applied to fp16 weights before the product, one multiplication per pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from narrowgauge.kernels import codec_loops, fragment_order, gemm_operands
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing
from narrowgauge.kernels.benches.gemm_dense import STAGE_CONTROL
from narrowgauge.kernels.codecs import CODECS, Codec, Target
from narrowgauge.kernels.gemm_operands import Shape, TileSizes

_CODECS = ("int4_f16", "int8_f16", "fp4_f16", "nf4_prmt_f16", "int4_int8", "int4_shifted_int8", "fp4_prmt_fp8")
_ELEMENTS = {Target.FP16: "f16", Target.INT8: "s8", Target.FP8: "e4m3"}
_OPCODES = {Target.FP16: "HMMA.16816.F32", Target.INT8: "IMMA.16832", Target.FP8: "QMMA.16832.F32"}
_WARP_TILES = {"m64": (4, 4), "m16": (1, 2)}  #: products of a warp, along tokens and along weights
_WARPS = {"m64": 8, "m16": 4}
_GROUP, _BLOCK_BYTES, _HALF_BYTES = 128, 512, 2
_CHECKED_BLOCKS = 4  #: of 16 weight rows
_WEIGHT_STEP = 2.0**-11  #: the product of weight and scale is rounded to fp16
_ADDRESSES = 10  #: LOP3, PRMT, SHF of addresses and constants, where registers are too few to keep them
_ADA, _PREFIX = "sm89", "gemm_packed_"


def _tile(name: str, codec: Codec) -> TileSizes:
    mt, nt = _WARP_TILES[name]
    return TileSizes(16 * mt, 8 * nt * _WARPS[name], 128 // codec.words, 32 * _WARPS[name])


def _tile_name(point: Point) -> str:
    return "m16" if int(point["tokens"]) <= 16 * _WARP_TILES["m16"][0] else "m64"


def _codec(point: Point) -> Codec:
    return CODECS[str(point["codec"])]


@dataclass(frozen=True)
class GemmPacked:
    """Weights in fragment order, fp16 tokens with a scale per 128 weights, or int8 and FP8 tokens without."""

    name: str = "gemm-packed"
    question: str = "How fast is a tiled GEMM whose weights stay packed until they meet the tensor cores?"
    source: str = "gemm_packed.cu"
    timing: Timing = Timing.BATCHED
    axes: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {"codec": _CODECS, "tokens": (16, 64, 256, 1024, 4096), "shape": ("4096x4096", "8192x8192")}
    )
    quick: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {"codec": ("int4_f16", "fp4_f16", "int4_int8"), "tokens": (16, 1024), "shape": ("4096x4096",)}
    )

    def skip(self, point: Point, device: Device) -> str | None:
        """mma.sync has FP8 on Ada alone."""
        if _codec(point).target is Target.FP8 and device.architecture != _ADA:
            return "mma.sync of FP8 is native on sm_89 alone: earlier parts lack it, sm_90 emulates it"
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Random words (every code of these formats is a number), group scales around 1, normally distributed tokens."""
        shape, codec = Shape.of(point), _codec(point)
        stages = shape.columns // fragment_order.stage_columns(codec)
        packed = (shape.rows // fragment_order.ROWS, stages, fragment_order.LANES, fragment_order.LANE_WORDS)
        inputs: dict[str, Array] = {
            "x": gemm_operands.random_matrix(_ELEMENTS[codec.target], (shape.tokens, shape.columns), rng, "random"),
            "w": rng.integers(0, 1 << 32, size=packed, dtype=np.uint32),
            "scales": rng.uniform(0.5, 1.5, size=(shape.columns // _GROUP, shape.rows)).astype(np.float16),
            "table": codec.table(),
        }
        kind = np.dtype(np.int32 if codec.target is Target.INT8 else np.float16)
        return Operands(inputs, {"y": ((shape.tokens, shape.rows), kind)}, rotate=("x", "w", "scales"))

    def launch(self, point: Point, device: Device) -> Launch:
        """One block per tile of y."""
        shape, codec, name = Shape.of(point), _codec(point), _tile_name(point)
        tile = _tile(name, codec)
        weights = tile.weights // fragment_order.ROWS * _BLOCK_BYTES
        scales = _HALF_BYTES * tile.weights if codec.target is Target.FP16 else 0
        arguments = ("x", "w", "scales", "table", "y", shape.tokens, shape.rows, shape.columns * codec.operand_bits // 8)
        entry = f"{_PREFIX}{codec.name}_{name}"
        return Launch(entry, tile.blocks(shape), tile.threads, arguments, tile.shared_bytes(weights + scales))

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Some tokens and some blocks of rows in double precision."""
        shape, codec = Shape.of(point), _codec(point)
        tokens = gemm_operands.checked_tokens(shape.tokens)
        blocks = gemm_operands.some(shape.rows // fragment_order.ROWS, _CHECKED_BLOCKS)
        rows = (blocks[:, None] * fragment_order.ROWS + np.arange(fragment_order.ROWS)).reshape(-1)
        w = codec.values[fragment_order.unpack(inputs["w"][blocks], codec)]
        x = gemm_operands.values(inputs["x"][tokens], _ELEMENTS[codec.target])
        if codec.target is Target.FP16:
            w = w * np.repeat(inputs["scales"][:, rows].T.astype(np.float64), _GROUP, axis=1)
        return gemm_operands.compare(outputs["y"], x, w, tokens, rows, _ELEMENTS[codec.target], 2 * _WEIGHT_STEP)

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Multiply-adds, and bytes that must be moved at least once."""
        shape, codec = Shape.of(point), _codec(point)
        weights = shape.rows * shape.columns // codec.weights * codec.words * 4
        scales = _HALF_BYTES * shape.rows * shape.columns // _GROUP if codec.target is Target.FP16 else 0
        stored = 4 if codec.target is Target.INT8 else 2
        tokens = shape.tokens * shape.columns * codec.operand_bits // 8
        return {"macs": shape.macs, "bytes": float(weights + scales + tokens + stored * shape.tokens * shape.rows)}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop:
        """One turn: copies of a later stage; matrix loads, dequantisation and products of this one."""
        codec_name, _, name = entry.removeprefix(_PREFIX).rpartition("_")
        codec, (mt, nt) = CODECS[codec_name], _WARP_TILES[name]
        steps, scaled = fragment_order.LANE_WORDS // codec.words, CODECS[codec_name].target is Target.FP16
        calls = steps * nt // 2
        scale_products = {"half2": codec.work.get("half2", 0) + codec.registers} if scaled else {}
        rule = codec_loops.loop_rule({**codec.work, **scale_products}, calls, {_OPCODES[codec.target]: steps * mt * nt})
        counts = dict(rule.counts)
        masks, permutes = calls * codec.work.get("lop3", 0), calls * codec.work.get("prmt", 0) + scaled * nt
        counts |= {"LOP3": (masks, masks + _ADDRESSES), "PRMT": (permutes, permutes + _ADDRESSES), "LDSM": steps * mt}
        counts |= {"SHF": (0, calls * codec.work.get("shift", 0) + _ADDRESSES), "IMAD.SHL": (0, calls * 8 + _ADDRESSES)}
        counts |= {"LDS": (nt // 2, 2 * nt + 2 * _ADDRESSES)}
        return InnerLoop(counts, (*rule.allowed, *STAGE_CONTROL, "LDGSTS"))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """Two tiles for every codec."""
        names = [name for name in _CODECS if CODECS[name].target is not Target.FP8 or architecture == _ADA]
        return tuple(f"{_PREFIX}{name}_{tile}" for name in names for tile in _WARP_TILES)


BENCHES.register("gemm-packed", GemmPacked())
