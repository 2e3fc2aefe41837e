"""What a low-bit kernel pays on the CUDA cores to turn stored weights into tensor-core operands.

Each entry counts instruction results per weight by class; the GPU's own rates turn them into cycles. The counts are those of
the packed-register idioms of the public kernels: LOP3 with a magic exponent and an HFMA2 that undoes it for INT4 (Kim et al.,
arXiv 2211.10017; Frantar et al., MARLIN, arXiv 2408.11743), PRMT instead of LOP3 for INT8, a shift and two masks for FP4 and FP6
(Xia et al., FP6-LLM, arXiv 2401.14112), one table lookup through shared memory or registers per code for codebooks.
"""

from __future__ import annotations

from collections.abc import Mapping

from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import NumberFormat, QuantScheme
from narrowgauge.formats.number import BlockFormat, CodebookFormat, FloatFormat, IntFormat, MixtureFormat

#: results per weight by instruction class; half2 arithmetic counts two results, as the vendor's table does
INT4_TO_HALF = {"lop3": 0.5, "shift": 0.125, "fp16x": 1.0}
INT8_TO_HALF = {"prmt": 0.5, "fp16x": 1.0}
SUB4_TO_HALF = {"lop3": 0.5, "shift": 0.25, "fp16x": 1.0}
INT4_TO_INT8 = {"lop3": 0.5, "shift": 0.25, "int32_add": 0.25}
SUB4_TO_INT8 = {"lop3": 0.5, "shift": 0.5, "int32_add": 0.25}
FLOAT_TO_HALF = {"lop3": 1.0, "shift": 0.5, "fp16x": 1.0}
FLOAT8_TO_HALF = {"lop3": 0.5, "shift": 0.25, "fp16x": 1.0}
FLOAT_TO_FP8 = {"lop3": 0.5, "shift": 0.25, "prmt": 0.25}
LOOKUP = {"prmt": 1.0, "lop3": 0.5, "fp16x": 1.0}
LOOKUP_BYTE = {"prmt": 1.0, "lop3": 0.5}
#: a group scale that cannot wait for the epilogue: one half2 multiply per two weights
GROUP_SCALE = {"fp16x": 1.0}

NIBBLE, BYTE = 4, 8


def _mix(element: NumberFormat, operand: str) -> Mapping[str, float]:
    to_half = operand in ("fp16", "bf16")
    match element:
        case IntFormat() if to_half and element.bits == BYTE:
            return INT8_TO_HALF
        case IntFormat() if to_half:
            return INT4_TO_HALF if element.bits == NIBBLE else SUB4_TO_HALF
        case IntFormat() if operand == "int8":
            return INT4_TO_INT8 if element.bits == NIBBLE else SUB4_TO_INT8
        case FloatFormat() if to_half:
            return FLOAT8_TO_HALF if element.bits == BYTE else FLOAT_TO_HALF
        case FloatFormat() | IntFormat() if operand == "fp8":
            return FLOAT_TO_FP8
        case CodebookFormat() | MixtureFormat() if to_half:
            return LOOKUP
        case CodebookFormat() | MixtureFormat() if operand in ("fp8", "int8"):
            return LOOKUP_BYTE
    raise UnsupportedError(f"no known instruction sequence turns {element.name} weights into {operand} operands")


def instructions_per_weight(scheme: QuantScheme, operand: str) -> dict[str, float]:
    """Instruction results by class that one weight costs on its way to an `operand` of the tensor core; empty if none."""
    element = scheme.weight.format.element if isinstance(scheme.weight.format, BlockFormat) else scheme.weight.format
    if element.name == operand or (operand == "fp8" and element.name.startswith("fp8")) or not scheme.needs_conversion:
        return {}
    mix = dict(_mix(element, operand))
    if scheme.weight.scale_group is not None and operand in ("fp16", "bf16"):
        for name, count in GROUP_SCALE.items():
            mix[name] = mix.get(name, 0.0) + count
    return mix


def cycles_per_weight(mix: Mapping[str, float], gpu: GpuResources) -> float:
    """SM cycles that the CUDA cores of one SM need for the mix, each class at its own rate, one after the other."""
    return sum(count / gpu.alu_results[name] for name, count in mix.items())
