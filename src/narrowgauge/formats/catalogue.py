"""The number formats that ship with narrowgauge. Adding one is adding a constant here.

Sources: IEEE 754-2019; OCP 8-bit Floating Point Specification v1.0; OCP Microscaling Formats v1.0; bitsandbytes `get_4bit_type`
(NF4); ANT (MICRO 2022, flint); BitMoD (HPCA 2025, arXiv 2411.11745, `quant_weight.py` of its artifact); BitNet b1.58
(arXiv 2402.17764); APT-LLM bipolar integers.
"""

from __future__ import annotations

from narrowgauge.formats.number import (
    BlockFormat,
    CodebookFormat,
    FloatFormat,
    IntFormat,
    MixtureFormat,
    NumberFormat,
    ScaleRule,
    Specials,
)
from narrowgauge.registry import Registry

FORMATS: Registry[NumberFormat] = Registry("number format")

# fmt: off
FP32     = FloatFormat("fp32",     exponent=8, mantissa=23, bias=127, specials=Specials.IEEE)
TF32     = FloatFormat("tf32",     exponent=8, mantissa=10, bias=127, specials=Specials.IEEE, container_bits=32)
FP16     = FloatFormat("fp16",     exponent=5, mantissa=10, bias=15,  specials=Specials.IEEE)
BF16     = FloatFormat("bf16",     exponent=8, mantissa=7,  bias=127, specials=Specials.IEEE)
FP8_E4M3 = FloatFormat("fp8-e4m3", exponent=4, mantissa=3,  bias=7,   specials=Specials.ONE_NAN)
FP8_E5M2 = FloatFormat("fp8-e5m2", exponent=5, mantissa=2,  bias=15,  specials=Specials.IEEE)
FP6_E3M2 = FloatFormat("fp6-e3m2", exponent=3, mantissa=2,  bias=3,   specials=Specials.NONE)
FP6_E2M3 = FloatFormat("fp6-e2m3", exponent=2, mantissa=3,  bias=1,   specials=Specials.NONE)
FP4_E2M1 = FloatFormat("fp4-e2m1", exponent=2, mantissa=1,  bias=1,   specials=Specials.NONE)
E8M0     = FloatFormat("e8m0",     exponent=8, mantissa=0,  bias=127, specials=Specials.ONE_NAN, signed=False, subnormals=False)

INT32 = IntFormat("int32", 32)
INT16 = IntFormat("int16", 16)
INT8  = IntFormat("int8", 8)
INT6  = IntFormat("int6", 6)
INT5  = IntFormat("int5", 5)
INT4  = IntFormat("int4", 4)
INT3  = IntFormat("int3", 3)
INT2  = IntFormat("int2", 2)
UINT8 = IntFormat("uint8", 8, signed=False)
UINT4 = IntFormat("uint4", 4, signed=False)
UINT3 = IntFormat("uint3", 3, signed=False)
UINT2 = IntFormat("uint2", 2, signed=False)
INT8_MX = IntFormat("int8-mx-element", 8, fraction_bits=6)
# fmt: on

BINARY = CodebookFormat("binary", (-1.0, 1.0))
TERNARY = CodebookFormat("ternary", (-1.0, 0.0, 1.0))
FLINT4 = CodebookFormat("flint4", (-16, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 16))
NF4 = CodebookFormat(
    "nf4",
    (
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
        *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
        *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
        *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ),
)


def _bipolar(bits: int) -> CodebookFormat:
    """Odd integers within ±(2^bits - 1): the sum of 2^i × (±1). There is no zero."""
    top = (1 << bits) - 1
    return CodebookFormat(f"bipolar-int{bits}", tuple(float(value) for value in range(-top, top + 1, 2)))


def _bitmod(name: str, basic: tuple[float, ...], specials: tuple[float, ...]) -> MixtureFormat:
    """The code of negative zero stands for one of `specials`, chosen per group."""
    members = (CodebookFormat(f"{name}{special:+g}", tuple(sorted((*basic, special)))) for special in specials)
    return MixtureFormat(name, tuple(members))


BIPOLAR_INT2, BIPOLAR_INT3, BIPOLAR_INT4 = _bipolar(2), _bipolar(3), _bipolar(4)
BITMOD_FP3 = _bitmod("bitmod-fp3", (-4, -2, -1, 0, 1, 2, 4), (3, -3, 6, -6))
BITMOD_FP4 = _bitmod("bitmod-fp4", (-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6), (5, -5, 8, -8))

MX_BLOCK = 32  # OCP Microscaling v1.0, table 1
NVFP4_BLOCK = 16


def _mx(name: str, element: FloatFormat | IntFormat) -> BlockFormat:
    return BlockFormat(name, element, MX_BLOCK, E8M0, ScaleRule.FLOOR_POWER_OF_TWO)


MXFP8 = _mx("mxfp8", FP8_E4M3)
MXFP8_E5M2 = _mx("mxfp8-e5m2", FP8_E5M2)
MXFP6 = _mx("mxfp6", FP6_E2M3)
MXFP6_E3M2 = _mx("mxfp6-e3m2", FP6_E3M2)
MXFP4 = _mx("mxfp4", FP4_E2M1)
MXINT8 = _mx("mxint8", INT8_MX)
NVFP4 = BlockFormat("nvfp4", FP4_E2M1, NVFP4_BLOCK, FP8_E4M3, ScaleRule.AMAX_TWO_LEVEL)

for _format in [value for value in vars().values() if isinstance(value, NumberFormat)]:
    FORMATS.register(_format.name, _format)
