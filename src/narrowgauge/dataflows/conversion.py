"""What a low-bit kernel pays on the CUDA cores to turn stored weights into tensor-core operands.

Instruction results per weight by class; the GPU's own rates turn them into cycles. The counts are those of machine code: each
row is a codec of `kernels/cu/codecs`, bit-exact against the format catalogue, compiled for sm_80 to sm_90a and read back; a test
holds this table to it. The idioms are those of the public kernels: LOP3 with a magic exponent and an HFMA2 that undoes it for
integers (Kim et al., arXiv 2211.10017; Frantar et al., MARLIN, arXiv 2408.11743), shifts and masks for FP6 and FP8 (Xia et al.,
FP6-LLM, arXiv 2401.14112), PRMT as a table of sixteen bytes for FP4 and codebooks.
"""

from __future__ import annotations

from collections.abc import Mapping

from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import NumberFormat, QuantScheme
from narrowgauge.formats.number import BlockFormat, CodebookFormat, FloatFormat, IntFormat, MixtureFormat

Counts = Mapping[str, float]

#: by codec; half2 arithmetic counts two results, as the vendor's table does, and FP32 additions stand in class fp32
CODECS: Mapping[str, Counts] = {
    "int2-f16": {"lop3": 0.5, "shift": 0.0625, "fp16x": 1.0},
    "int2-bf16": {"lop3": 0.5, "shift": 0.125, "fp16x": 1.0},
    "int3-f16": {"lop3": 0.5625, "shift": 0.1875, "fp16x": 1.0},
    "int3-bf16": {"lop3": 0.5625, "shift": 0.28125, "fp16x": 1.0},
    "int4-f16": {"lop3": 0.5, "shift": 0.125, "fp16x": 1.0},
    "int4-bf16": {"lop3": 0.5, "shift": 0.375, "fp16x": 1.0},
    "int8-f16": {"prmt": 0.5, "fp16x": 1.0},
    "int8-bf16": {"prmt": 1.5, "fp32": 1.0},
    "fp4-prmt-f16": {"lop3": 0.25, "prmt": 1.25, "shift": 0.375},
    "fp4-bf16": {"lop3": 1.0, "shift": 0.875, "fp16x": 1.0},
    "fp6-e3m2-f16": {"lop3": 1.0, "shift": 0.5625, "fp16x": 1.0},
    "fp6-e3m2-bf16": {"lop3": 1.5, "shift": 1.0625, "fp16x": 1.0},
    "fp6-e2m3-f16": {"lop3": 1.5, "shift": 1.0625, "fp16x": 1.0},
    "fp8-e4m3-f16": {"lop3": 1.0, "shift": 0.75, "fp16x": 1.0},
    "fp8-e4m3-bf16": {"lop3": 1.0, "shift": 0.75, "fp16x": 1.0},
    "fp8-e5m2-f16": {"lop3": 0.5, "shift": 0.25},
    "fp8-e5m2-bf16": {"lop3": 1.0, "shift": 0.75, "fp16x": 1.0},
    "nf4-prmt-f16": {"lop3": 0.25, "prmt": 2.0, "shift": 0.375},
    "flint4-prmt-f16": {"lop3": 0.25, "prmt": 1.25, "shift": 0.375},
    "ternary-f16": {"lop3": 0.5, "shift": 0.0625, "fp16x": 1.0},
    "bipolar2-f16": {"lop3": 0.5, "shift": 0.125, "fp16x": 1.0},
    "bipolar4-f16": {"lop3": 0.5, "shift": 0.25, "fp16x": 1.0},
    "bipolar4-int8": {"lop3": 0.5, "shift": 0.25, "int32_add": 0.25},
    "int4-int8": {"lop3": 0.5, "shift": 0.125, "int32_add": 0.25},
    "uint4-scaled-int8": {"lop3": 0.5, "shift": 0.125, "int32_mad": 0.25},
    "int2-int8": {"lop3": 0.5, "shift": 0.1875, "int32_add": 0.25},
    "ternary-int8": {"lop3": 0.5, "shift": 0.1875, "int32_add": 0.25},
    "int4-prmt-fp8": {"lop3": 0.25, "prmt": 0.75, "shift": 0.375},
    "fp4-prmt-fp8": {"lop3": 0.25, "prmt": 0.75, "shift": 0.375},
}
#: a group scale that cannot wait for the epilogue: one half2 multiply per two weights
GROUP_SCALE = {"fp16x": 1.0}
NIBBLE, BYTE = 4, 8
SYMMETRIC_ENTRIES = 15  # of a codebook that a table of eight magnitudes and a sign bit can hold
BYTE_TABLE = "int4-prmt-fp8"  # sixteen bytes, of whatever they stand for


def codec_of(element: NumberFormat, operand: str) -> str:
    """The codec that makes an `operand` of the tensor core from stored codes of a format; one that was not compiled goes by its
    nearest relative (INT5 by INT3, whose codes cross bytes too). Raises UnsupportedError where there is none."""
    of_kind = {"fp16": _to_half, "bf16": _to_half, "int8": _to_int8, "fp8": _to_fp8}.get(operand)
    suffix = "bf16" if operand == "bf16" else "f16"
    found = of_kind(element, suffix) if of_kind and element.bits <= BYTE else None
    if found is None:
        raise UnsupportedError(f"no known instruction sequence turns {element.name} weights into {operand} operands")
    return found


def _to_half(element: NumberFormat, suffix: str) -> str:
    match element:
        case IntFormat():
            stem = f"int{element.bits}" if f"int{element.bits}-f16" in CODECS else "int3"
        case FloatFormat() if element.bits <= NIBBLE:
            stem = "fp4" if suffix == "bf16" else "fp4-prmt"
        case FloatFormat():
            stem = element.name if f"{element.name}-f16" in CODECS else ("fp6-e3m2" if element.bits < BYTE else "fp8-e4m3")
        case CodebookFormat(name="ternary"):
            stem = "ternary"
        case CodebookFormat() if _is_bipolar(element):
            stem = "bipolar4" if element.bits > NIBBLE // 2 else "bipolar2"
        case CodebookFormat() if _is_symmetric(element):
            stem = "flint4-prmt"
        case _:
            stem = "nf4-prmt"
    return f"{stem}-{suffix}" if f"{stem}-{suffix}" in CODECS else f"{stem}-f16"


def _to_int8(element: NumberFormat, _: str) -> str | None:
    match element:
        case IntFormat() if element.bits == NIBBLE:
            return "int4-int8" if element.signed else "uint4-scaled-int8"
        case IntFormat():
            return "int2-int8"
        case CodebookFormat(name="ternary"):
            return "ternary-int8"
        case CodebookFormat() if _is_bipolar(element):
            return "bipolar4-int8"
        case CodebookFormat() | MixtureFormat():
            return BYTE_TABLE
    return None


def _to_fp8(element: NumberFormat, _: str) -> str | None:
    if isinstance(element, FloatFormat):
        return "fp4-prmt-fp8"
    return BYTE_TABLE if element.bits <= NIBBLE else None


def _is_bipolar(element: CodebookFormat) -> bool:
    return element.entries == tuple(range(1 - len(element.entries), len(element.entries), 2))


def _is_symmetric(element: CodebookFormat) -> bool:
    return len(element.entries) <= SYMMETRIC_ENTRIES and set(element.entries) == {-entry for entry in element.entries}


def instructions_per_weight(scheme: QuantScheme, operand: str) -> dict[str, float]:
    """Instruction results by class that one weight costs on its way to an `operand` of the tensor core; empty if none."""
    element = scheme.weight.format.element if isinstance(scheme.weight.format, BlockFormat) else scheme.weight.format
    if element.name == operand or (operand == "fp8" and element.name.startswith("fp8")) or not scheme.needs_conversion:
        return {}
    mix = dict(CODECS[codec_of(element, operand)])
    if scheme.weight.scale_group is not None and operand in ("fp16", "bf16"):
        for name, count in GROUP_SCALE.items():
            mix[name] = mix.get(name, 0.0) + count
    return mix


def cycles_per_weight(mix: Mapping[str, float], gpu: GpuResources) -> float:
    """SM cycles that the CUDA cores of one SM need for the mix, each class at its own rate, one after the other."""
    return sum(count / gpu.alu_results[name] for name, count in mix.items())
