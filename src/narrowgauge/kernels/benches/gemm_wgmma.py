"""A tiled GEMM by wgmma and tensor copies: Hopper's own way, beside the mma.sync of `gemm-dense`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from narrowgauge.kernels import codec_loops, elements, gemm_operands
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, TensorMap, Timing
from narrowgauge.kernels.gemm_operands import Shape

_ELEMENTS = {"bf16": "bf16", "fp8": "e4m3", "int8": "s8"}
_OPCODES = {"bf16": "HGMMA.64x128x16.F32.BF16", "fp8": "QGMMA.64x128x32.F32.E4M3.E4M3", "int8": "IGMMA.64x128x32.S8.S8"}
_ROWS, _LINE, _STAGES, _THREADS = 128, 128, 4, 288  # as in the kernel
_SHARED_BYTES = _STAGES * 2 * _ROWS * _LINE + _STAGES * 2 * 8
_STEPS, _CHECKED_ROWS = 4, 64
_HOPPER, _PREFIX = "sm90", "gemm_wgmma_"
_MACHINERY = (
    "WARPSYNC",
    "SYNCS",
    "ELECT",
    "PLOP3",
    "LOP3",
    "SHF",
    "R2UR",
    "S2UR",
    "S2R",
    "ULDC",
    "LDC",
    "USEL",
    "UPRMT",
    "SEL",
    "BSSY",
    "BSYNC",
)


@dataclass(frozen=True)
class GemmWgmma:
    """`data` tells what operand bits cost in power and so in clock."""

    name: str = "gemm-wgmma"
    question: str = "How fast is a tiled GEMM by wgmma, fed by tensor copies?"
    source: str = "gemm_wgmma.cu"
    timing: Timing = Timing.BATCHED
    axes: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {
            "operand": tuple(_ELEMENTS),
            "tokens": (128, 512, 2048, 4096),
            "shape": ("4096x4096", "8192x8192"),
            "data": ("random", "zero"),
        }
    )
    quick: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {"tokens": (2048,), "shape": ("4096x4096",), "data": ("random",)}
    )

    def skip(self, point: Point, device: Device) -> str | None:
        """The instruction exists on sm_90 only."""
        return None if device.architecture == _HOPPER else "wgmma needs sm_90a"

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Byte matrices of tokens and weights."""
        shape, element, data = Shape.of(point), _ELEMENTS[str(point["operand"])], str(point["data"])
        x = gemm_operands.random_matrix(element, (shape.tokens, shape.columns), rng, data)
        w = gemm_operands.random_matrix(element, (shape.rows, shape.columns), rng, data)
        kind = np.dtype(np.int32 if element == "s8" else np.uint16)
        return Operands({"x": x, "w": w}, {"y": ((shape.tokens, shape.rows), kind)}, rotate=("x", "w"))

    def launch(self, point: Point, device: Device) -> Launch:
        """One block per tile of 128 tokens and 128 weight rows."""
        shape = Shape.of(point)
        turns = shape.columns * elements.BITS[_ELEMENTS[str(point["operand"])]] // 8 // _LINE
        blocks = -(-shape.tokens // _ROWS) * (shape.rows // _ROWS)
        maps = {f"{array}_map": TensorMap(array, (_LINE, _ROWS), swizzle_bytes=_LINE) for array in ("x", "w")}
        arguments = ("x_map", "w_map", "y", shape.tokens, shape.rows, turns)
        return Launch(f"{_PREFIX}{point['operand']}", blocks, _THREADS, arguments, _SHARED_BYTES, tensor_maps=maps)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Some tokens and rows in double precision; sums in float come back as bf16."""
        shape, element = Shape.of(point), _ELEMENTS[str(point["operand"])]
        tokens, rows = gemm_operands.checked_tokens(shape.tokens), gemm_operands.some(shape.rows, _CHECKED_ROWS)
        y = outputs["y"] if element == "s8" else (outputs["y"].astype(np.uint32) << 16).view(np.float32)
        x, w = (gemm_operands.values(inputs[name][index], element) for name, index in (("x", tokens), ("w", rows)))
        return gemm_operands.compare(y, x, w, tokens, rows, element)

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Multiply-adds, and bytes that must be moved at least once."""
        shape, bits = Shape.of(point), elements.BITS[_ELEMENTS[str(point["operand"])]]
        stored = 4 if point["operand"] == "int8" else 2
        read = (shape.tokens + shape.rows) * shape.columns * bits // 8
        return {"macs": shape.macs, "bytes": float(read + stored * shape.tokens * shape.rows)}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop:
        """One turn: four instructions, their commit and wait, the barriers."""
        counts = {_OPCODES[entry.removeprefix(_PREFIX)]: _STEPS, "WARPGROUP.ARRIVE": 1, "WARPGROUP.DEPBAR": 1}
        return InnerLoop(counts, (*codec_loops.CONTROL, *_MACHINERY))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """One kernel per operand type."""
        return tuple(_PREFIX + name for name in _ELEMENTS) if architecture == _HOPPER else ()


BENCHES.register("gemm-wgmma", GemmWgmma())
