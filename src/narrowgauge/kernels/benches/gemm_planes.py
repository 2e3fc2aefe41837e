"""A GEMM of integers of few bits by bit planes on the binary tensor cores, as arbitrary-precision kernels do it.

Each pair of planes reads its tiles again; kernels that keep several planes of a tile in shared memory read less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from narrowgauge.kernels import codec_loops, gemm_operands
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing
from narrowgauge.kernels.benches.gemm_dense import COPIES, LOADS, PRODUCTS, STAGE_CONTROL, TILES, tile_name
from narrowgauge.kernels.gemm_operands import Shape

_CHECKED_ROWS = 64
_PREFIX = "gemm_planes_"


def _planes(point: Point) -> tuple[int, int]:
    """Bits of the tokens and of the weights."""
    tokens, weights = str(point["bits"]).split("x")
    return int(tokens), int(weights)


def _random_planes(bits: int, rows: int, columns: int, rng: np.random.Generator) -> Array:
    """Planes (bits, rows, columns / 8) of uniformly distributed two's complement numbers: every bit is random."""
    return rng.integers(0, 256, size=(bits, rows, columns // 8), dtype=np.uint8)


def _values(planes: Array) -> Array:
    """The numbers (rows, columns) of planes (bits, rows, columns / 8)."""
    bits = np.unpackbits(planes, axis=-1, bitorder="little").astype(np.float64)
    weights = 2.0 ** np.arange(len(planes))
    weights[-1] *= -1
    return np.asarray(np.tensordot(weights, bits, axes=1))


@dataclass(frozen=True)
class GemmPlanes:
    """`bits`: planes of the tokens × planes of the weights, each pair a pass."""

    name: str = "gemm-planes"
    question: str = "How fast is a GEMM of integers of few bits, done plane by plane on the binary tensor cores?"
    source: str = "gemm_planes.cu"
    timing: Timing = Timing.BATCHED
    axes: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {
            "bits": ("2x2", "4x2", "4x4", "8x2"),
            "tokens": (16, 256, 4096),
            "shape": ("4096x4096", "8192x8192"),
        }
    )
    quick: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {"bits": ("4x4",), "tokens": (16, 256), "shape": ("4096x4096",)}
    )

    def skip(self, point: Point, device: Device) -> str | None:
        """Binary mma.sync exists on every part of the suite."""
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Planes of random numbers."""
        shape, (p, q) = Shape.of(point), _planes(point)
        inputs = {
            "x": _random_planes(p, shape.tokens, shape.columns, rng),
            "w": _random_planes(q, shape.rows, shape.columns, rng),
        }
        return Operands(inputs, {"y": ((shape.tokens, shape.rows), np.dtype(np.int32))}, rotate=("x", "w"))

    def launch(self, point: Point, device: Device) -> Launch:
        """One block per tile of y."""
        shape, name = Shape.of(point), tile_name(point)
        tile = TILES[name]
        arguments = ("x", "w", "y", shape.tokens, shape.rows, shape.columns // 8, *_planes(point))
        shared = tile.shared_bytes(tile.weights * tile.row_bytes)
        return Launch(_PREFIX + name, tile.blocks(shape), tile.threads, arguments, shared)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Some tokens and rows, exactly."""
        shape = Shape.of(point)
        tokens, rows = gemm_operands.checked_tokens(shape.tokens), gemm_operands.some(shape.rows, _CHECKED_ROWS)
        x, w = _values(inputs["x"][:, tokens]), _values(inputs["w"][:, rows])
        return gemm_operands.compare(outputs["y"], x, w, tokens, rows, "s8")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Multiply-adds of whole numbers and of single bits, and bytes that must be moved at least once."""
        shape, (p, q) = Shape.of(point), _planes(point)
        read = (p * shape.tokens + q * shape.rows) * shape.columns // 8
        return {"macs": shape.macs, "bit_macs": shape.macs * p * q, "bytes": float(read + 4 * shape.tokens * shape.rows)}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop:
        """One turn: copies of a later stage, matrix loads and products of this one."""
        name = entry.removeprefix(_PREFIX)
        counts = {"BMMA.168256.AND.POPC": PRODUCTS[name], "LDSM": LOADS[name], "LDGSTS": COPIES[name]}
        return InnerLoop(counts, (*codec_loops.CONTROL, *STAGE_CONTROL, "LOP3", "SHF"))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """Two tiles."""
        return tuple(_PREFIX + name for name in TILES)


BENCHES.register("gemm-planes", GemmPlanes())
