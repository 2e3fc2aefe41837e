"""A matrix times a vector, the weights in few bits: what decoding one token at a time consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from narrowgauge.kernels import codec_loops, gemm_operands
from narrowgauge.kernels.bench import BENCHES, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing
from narrowgauge.kernels.codec_catalogue import HALVES
from narrowgauge.kernels.codecs import CODECS, Codec

_CODECS = ("f16_f16", "int8_f16", "int4_f16", "uint4_f16", "fp4_f16", "nf4_prmt_f16", "nf4_shared_pair_f16")
_THREADS, _WARPS, _GROUP = 128, 4, 128  # as in the kernel
_LOAD_WORDS, _PARTS_BYTES = 4, 256
_CHECKED_ROWS = 64
_PREFIX = "gemv_"
_HALF_STEP = 2.0**-11  #: relative rounding error in fp16
_IN_HALVES = 4  #: products that are added in fp16, each rounding once more
_DOT = 4  #: registers of halves that are multiplied and added before they become floats
_ADDRESS_SHIFTS = 8
_ADDRESSES = ("S2UR", "LDC", "CS2R", "R2UR")


def _codec(name: str) -> Codec:
    return HALVES if name == HALVES.name else CODECS[name]


def _shape(point: Point) -> tuple[int, int]:
    """Rows and columns of the weights."""
    rows, columns = str(point["shape"]).split("x")
    return int(rows), int(columns)


@dataclass(frozen=True)
class Gemv:
    """`rows` rows per warp; `split` warps of a block share a row's columns."""

    name: str = "gemv"
    question: str = "How fast is a matrix of low-bit weights multiplied with one fp16 vector?"
    source: str = "gemv.cu"
    timing: Timing = Timing.BATCHED
    axes: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {
            "codec": _CODECS,
            "shape": ("4096x4096", "14336x4096", "4096x14336", "8192x8192"),
            "rows": (1, 2, 4),
            "split": (1, 4),
        }
    )
    quick: Mapping[str, tuple[int | str, ...]] = field(
        default_factory=lambda: {"codec": ("f16_f16", "int4_f16", "nf4_prmt_f16"), "shape": ("8192x8192",), "rows": (2,)}
    )

    def skip(self, point: Point, device: Device) -> str | None:
        """Every point runs everywhere."""
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Random codes, group scales around 1, normally distributed activations."""
        codec, (n, k) = _codec(str(point["codec"])), _shape(point)
        words = k // codec.weights * codec.words
        if codec is HALVES:
            weights = gemm_operands.random_matrix("f16", (n, k), rng, "random").view(np.uint32)
        else:
            weights = rng.integers(0, 1 << 32, size=(n, words), dtype=np.uint32)
        inputs: dict[str, Array] = {
            "weights": weights,
            "scales": rng.uniform(0.5, 1.5, size=(n, k // _GROUP)).astype(np.float16),
            "tokens": rng.standard_normal(k).astype(np.float16),
            "table": codec.table(),
        }
        return Operands(inputs, {"y": ((n,), np.dtype(np.float32))}, rotate=("weights", "scales"))

    def launch(self, point: Point, device: Device) -> Launch:
        """Blocks of four warps."""
        (n, k), rows, split = _shape(point), int(point["rows"]), int(point["split"])
        arguments = ("weights", "scales", "tokens", "table", "y", k, split)
        entry = f"{_PREFIX}{point['codec']}_rows{rows}"
        return Launch(entry, n * split // (_WARPS * rows), _THREADS, arguments, codec_loops.TABLE_BYTES + _PARTS_BYTES)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Some rows, spread over all blocks, in double precision; all must be numbers."""
        codec, (n, k) = _codec(str(point["codec"])), _shape(point)
        rows = np.unique(np.linspace(0, n - 1, _CHECKED_ROWS).astype(int))
        codes = codec.unpack(inputs["weights"][rows].reshape(len(rows), -1, codec.words)).reshape(len(rows), k)
        weights = codec.operands[codes].view(np.float16).astype(np.float64)
        scales = np.repeat(inputs["scales"][rows].astype(np.float64), _GROUP, axis=1)
        terms = weights * scales * inputs["tokens"].astype(np.float64)
        error = np.abs(outputs["y"][rows] - terms.sum(axis=1)) / np.abs(terms).sum(axis=1)
        finite = bool(np.isfinite(outputs["y"]).all())
        tolerance = (_IN_HALVES + 1) * _HALF_STEP
        return Check(float(np.max(error)) if finite else np.inf, tolerance, "error of y, relative to the sum of its terms")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Bytes that must be read or written, and multiply-adds."""
        codec, (n, k) = _codec(str(point["codec"])), _shape(point)
        weights = n * k // codec.weights * codec.words * 4
        return {"bytes": float(weights + 2 * n * k // _GROUP + 2 * k + 4 * n), "macs": float(n * k)}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop:
        """Sixteen bytes of every row: dequantised, multiplied, added up."""
        name, _, suffix = entry.removeprefix(_PREFIX).rpartition("_rows")
        codec, rows = _codec(name), int(suffix)
        calls = _LOAD_WORDS // codec.words * rows
        dots = calls * codec.registers // _DOT
        products = {"half2": codec.work.get("half2", 0) + codec.registers, "fadd": 0}
        rule = codec_loops.loop_rule({**codec.work, **products}, calls, {"FADD": 2 * dots, "FFMA": rows})
        counts = {
            **rule.counts,
            "LDG.E.128": rows + calls // rows * codec.registers // _DOT,
            "LDG.E.U16": rows,
            "HADD2.F32": 2 * dots + rows,
        }
        masks = calls * codec.work.get("lop3", 0)
        shifts = calls * codec.work.get("shift", 0) + _ADDRESS_SHIFTS
        counts |= {"LOP3": (masks, masks + 1), "SHF": (0, shifts), "IMAD.SHL": (0, shifts)}
        return InnerLoop(counts, (*rule.allowed, *_ADDRESSES))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """One kernel per codec and number of rows."""
        return tuple(f"{_PREFIX}{codec}_rows{rows}" for codec in _CODECS for rows in self.axes["rows"])


BENCHES.register("gemv", Gemv())
