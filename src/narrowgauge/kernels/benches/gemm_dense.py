"""A tiled GEMM whose operands are what the tensor cores take: the yardstick of the packed ones.

Two tiles, 128 and 16 tokens high, chosen by the number of tokens; K is not split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from narrowgauge.kernels import codec_loops, elements, gemm_operands
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing
from narrowgauge.kernels.gemm_operands import Shape, TileSizes

_ELEMENTS = {"bf16": "bf16", "int8": "s8", "fp8": "e4m3"}
_OPCODES = {"bf16": "HMMA.16816.F32.BF16", "int8": "IMMA.16832", "fp8": "QMMA.16832.F32"}
#: by the suffix of the entry; products and matrix loads of one warp in one turn
TILES = {"m128": TileSizes(128, 128, 64, 256), "m16": TileSizes(16, 128, 128, 128)}
PRODUCTS, LOADS, COPIES = {"m128": 32, "m16": 16}, {"m128": 12, "m16": 12}, {"m128": 4, "m16": 9}
_CHECKED_ROWS = 64
_ADA, _PREFIX = "sm89", "gemm_dense_"
#: waits and barriers of a stage; `LDS RZ, [RZ]` is what ptxas puts beside them
STAGE_CONTROL = (
    "BAR",
    "DEPBAR",
    "LDGDEPBAR",
    "LDS",
    "SEL",
    "BSSY",
    "BSYNC",
    "PLOP3",
    "LDC",
    "ULDC",
    "S2R",
    "S2UR",
    "R2UR",
    "WARPSYNC",
)


def tile_name(point: Point) -> str:
    """The tile of a number of tokens."""
    return "m16" if int(point["tokens"]) <= TILES["m16"].tokens else "m128"


@dataclass(frozen=True)
class GemmDense:
    """bf16, int8 and FP8 through the same tiles; `data` tells what operand bits cost in power and so in clock."""

    name: str = "gemm-dense"
    question: str = "How fast is a tiled GEMM on operands that need no dequantisation?"
    source: str = "gemm_dense.cu"
    timing: Timing = Timing.BATCHED
    axes: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {
            "operand": tuple(_ELEMENTS),
            "tokens": (16, 64, 256, 1024, 4096),
            "shape": ("4096x4096", "8192x8192"),
            "data": ("random", "zero"),
        }
    )
    quick: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {"tokens": (16, 1024), "shape": ("4096x4096",), "data": ("random",)}
    )

    def skip(self, point: Point, device: Device) -> str | None:
        """mma.sync has FP8 on Ada alone."""
        if point["operand"] == "fp8" and device.architecture != _ADA:
            return "mma.sync of FP8 is native on sm_89 alone: earlier parts lack it, sm_90 emulates it"
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Byte matrices of tokens and weights."""
        shape, element, data = Shape.of(point), _ELEMENTS[str(point["operand"])], str(point["data"])
        x = gemm_operands.random_matrix(element, (shape.tokens, shape.columns), rng, data)
        w = gemm_operands.random_matrix(element, (shape.rows, shape.columns), rng, data)
        kind = np.dtype(np.int32 if element == "s8" else np.uint16)
        return Operands({"x": x, "w": w}, {"y": ((shape.tokens, shape.rows), kind)}, rotate=("x", "w"))

    def launch(self, point: Point, device: Device) -> Launch:
        """One block per tile of y."""
        shape, name = Shape.of(point), tile_name(point)
        tile, row = TILES[name], shape.columns * elements.BITS[_ELEMENTS[str(point["operand"])]] // 8
        arguments = ("x", "w", "y", shape.tokens, shape.rows, row)
        shared = tile.shared_bytes(tile.weights * tile.row_bytes)
        return Launch(f"{_PREFIX}{point['operand']}_{name}", tile.blocks(shape), tile.threads, arguments, shared)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Some tokens and rows in double precision; sums in float come back as bf16."""
        shape, element = Shape.of(point), _ELEMENTS[str(point["operand"])]
        tokens, rows = gemm_operands.checked_tokens(shape.tokens), gemm_operands.some(shape.rows, _CHECKED_ROWS)
        y = outputs["y"]
        if element != "s8":
            y = (y.astype(np.uint32) << 16).view(np.float32)
        x, w = (gemm_operands.values(inputs[name][index], element) for name, index in (("x", tokens), ("w", rows)))
        return gemm_operands.compare(y, x, w, tokens, rows, element)

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Multiply-adds, and bytes that must be moved at least once."""
        shape, bits = Shape.of(point), elements.BITS[_ELEMENTS[str(point["operand"])]]
        stored = 4 if point["operand"] == "int8" else 2
        read = (shape.tokens + shape.rows) * shape.columns * bits // 8
        return {"macs": shape.macs, "bytes": float(read + stored * shape.tokens * shape.rows)}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop:
        """One turn: copies of a later stage, matrix loads and products of this one."""
        operand, _, name = entry.removeprefix(_PREFIX).rpartition("_")
        counts = {_OPCODES[operand]: PRODUCTS[name], "LDSM": LOADS[name], "LDGSTS": COPIES[name]}
        return InnerLoop(counts, (*codec_loops.CONTROL, *STAGE_CONTROL, "LOP3", "SHF"))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """Two tiles for every operand."""
        names = [name for name in _ELEMENTS if name != "fp8" or architecture == _ADA]
        return tuple(f"{_PREFIX}{name}_{tile}" for name in names for tile in TILES)


BENCHES.register("gemm-dense", GemmDense())
