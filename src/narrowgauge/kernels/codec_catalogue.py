"""The codecs that the suite measures; adding one is a struct in `cu/codecs`, its name in `all.cuh`, and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from narrowgauge.kernels.codecs import CODECS, Codec, Lookup, Target
from narrowgauge.kernels.packing import BASE_243, SIX_BIT_2_4, SIX_BIT_4_2, THREE_BIT, Layout, lanes

_F16, _BF16, _INT8, _FP8, _PLANES = Target.FP16, Target.BF16, Target.INT8, Target.FP8, Target.PLANES


def _add(
    name: str,
    element: str,
    target: Target,
    layout: Layout,
    work: Mapping[str, int],
    *,
    words: int = 1,
    lookup: Lookup = Lookup.NOTHING,
    gain: int = 1,
    since: int = 80,
    flip: int = 0,
) -> None:
    CODECS.register(name, Codec(name, element, target, layout, words, work, lookup, gain, since, flip))


# fmt: off
# Two's complement, offset binary and bipolar integers planted in a half's mantissa.
_add("int2_f16",     "int2",         _F16,  lanes(2, 16), {"lop3": 8,  "shift": 1, "half2": 8})
_add("int2_bf16",    "int2",         _BF16, lanes(2, 16), {"lop3": 8,  "shift": 2, "half2": 8})
_add("int3_f16",     "int3",         _F16,  THREE_BIT,    {"lop3": 18, "shift": 6, "half2": 16}, words=3)
_add("int3_bf16",    "int3",         _BF16, THREE_BIT,    {"lop3": 18, "shift": 9, "half2": 16}, words=3)
_add("int4_f16",     "int4",         _F16,  lanes(4, 16), {"lop3": 4,  "shift": 1, "half2": 4})
_add("int4_bf16",    "int4",         _BF16, lanes(4, 16), {"lop3": 4,  "shift": 3, "half2": 4})
_add("uint4_f16",    "uint4",        _F16,  lanes(4, 16), {"lop3": 4,  "shift": 1, "half2": 4}, lookup=Lookup.ZERO_POINT)
_add("uint4_bf16",   "uint4",        _BF16, lanes(4, 16), {"lop3": 4,  "shift": 3, "half2": 4}, lookup=Lookup.ZERO_POINT)
_add("bipolar2_f16", "bipolar-int2", _F16,  lanes(2, 16), {"lop3": 8,  "shift": 2, "half2": 8})
_add("bipolar4_f16", "bipolar-int4", _F16,  lanes(4, 16), {"lop3": 4,  "shift": 2, "half2": 4})
_add("ternary_f16",  "ternary",      _F16,  lanes(2, 16), {"lop3": 8,  "shift": 1, "half2": 8})
_add("int8_f16",     "int8",         _F16,  lanes(8, 16), {"prmt": 4,  "half2": 4}, words=2, flip=0x80)
_add("int8_bf16",    "int8",         _BF16, lanes(8, 16), {"prmt": 12, "fadd": 8},  words=2, flip=0x80)

# Narrow floats: bits moved, biases multiplied away, or the conversion instruction.
_add("fp4_f16",              "fp4-e2m1", _F16,  lanes(4, 16), {"lop3": 8,  "shift": 7,  "half2": 4})
_add("fp4_bf16",             "fp4-e2m1", _BF16, lanes(4, 16), {"lop3": 8,  "shift": 7,  "half2": 4})
_add("fp6_e3m2_f16",         "fp6-e3m2", _F16,  SIX_BIT_2_4,  {"lop3": 16, "shift": 9,  "half2": 8}, words=3)
_add("fp6_e3m2_bf16",        "fp6-e3m2", _BF16, SIX_BIT_2_4,  {"lop3": 24, "shift": 17, "half2": 8}, words=3)
_add("fp6_e2m3_f16",         "fp6-e2m3", _F16,  SIX_BIT_2_4,  {"lop3": 24, "shift": 17, "half2": 8}, words=3)
_add("fp6_e3m2_split42_f16", "fp6-e3m2", _F16,  SIX_BIT_4_2,  {"lop3": 20, "shift": 13, "half2": 8}, words=3)
_add("fp8_e4m3_f16",         "fp8-e4m3", _F16,  lanes(8, 16), {"lop3": 8,  "shift": 6,  "half2": 4}, words=2)
_add("fp8_e4m3_bf16",        "fp8-e4m3", _BF16, lanes(8, 16), {"lop3": 8,  "shift": 6,  "half2": 4}, words=2)
_add("fp8_e5m2_f16",         "fp8-e5m2", _F16,  lanes(8, 16), {"lop3": 4,  "shift": 2},              words=2)
_add("fp8_e5m2_bf16",        "fp8-e5m2", _BF16, lanes(8, 16), {"lop3": 8,  "shift": 6,  "half2": 4}, words=2)
_add("fp8_e4m3_cvt_f16",     "fp8-e4m3", _F16,  lanes(8, 32), {"convert": 4, "shift": 2}, words=2, since=89)
_add("fp8_e5m2_cvt_f16",     "fp8-e5m2", _F16,  lanes(8, 32), {"convert": 4, "shift": 2}, words=2, since=89)

# Sixteen entries looked up in registers, in shared memory, across lanes.
_add("nf4_prmt_f16",        "nf4",      _F16, lanes(4, 32), {"lop3": 2, "prmt": 16, "shift": 3}, lookup=Lookup.REGISTERS)
_add("nf4_shared_f16",      "nf4",      _F16, lanes(4, 32), {"lds": 8, "lop3": 8, "shift": 8, "prmt": 4}, lookup=Lookup.SHARED)
_add("nf4_shared_pair_f16", "nf4",      _F16, lanes(4, 32), {"lds": 4, "lop3": 4, "shift": 4}, lookup=Lookup.SHARED_PAIRS)
_add("nf4_shuffle_f16",     "nf4",      _F16, lanes(4, 32), {"shfl": 8, "lop3": 7, "shift": 7, "prmt": 4}, lookup=Lookup.LANES)
_add("flint4_prmt_f16",     "flint4",   _F16, lanes(4, 32), {"lop3": 2, "prmt": 10, "shift": 3}, lookup=Lookup.HIGH_BYTES)
_add("fp4_prmt_f16",        "fp4-e2m1", _F16, lanes(4, 32), {"lop3": 2, "prmt": 10, "shift": 3}, lookup=Lookup.HIGH_BYTES)
_add("fp4_prmt_fp8",        "fp4-e2m1", _FP8, lanes(4, 32), {"lop3": 4, "prmt": 12, "shift": 6}, words=2, lookup=Lookup.BYTES)
_add("int4_prmt_fp8",       "int4",     _FP8, lanes(4, 32), {"lop3": 4, "prmt": 12, "shift": 6}, words=2, lookup=Lookup.BYTES)

# Bytes for the integer tensor core.
_add("int4_int8",         "int4",         _INT8, lanes(4, 8), {"lop3": 8, "shift": 2, "iadd": 4}, words=2)
_add("int4_shifted_int8", "int4",         _INT8, lanes(4, 8), {"lop3": 4, "shift": 2}, words=2, gain=16)
_add("uint4_scaled_int8", "uint4",        _INT8, lanes(4, 8), {"lop3": 8, "shift": 2, "imad": 4}, words=2, lookup=Lookup.SCALE)
_add("int2_int8",         "int2",         _INT8, lanes(2, 8), {"lop3": 8, "shift": 3, "iadd": 4})
_add("bipolar4_int8",     "bipolar-int4", _INT8, lanes(4, 8), {"lop3": 8, "shift": 4, "iadd": 4}, words=2)
_add("ternary_int8",      "ternary",      _INT8, lanes(2, 8), {"lop3": 8, "shift": 3, "iadd": 4})
_add("ternary243_int8",   "ternary",      _INT8, BASE_243,
     {"imad": 40, "lop3": 60, "prmt": 20, "shift": 4, "iadd": 20}, words=4)

# One bit of every weight per register, for binary tensor cores.
_add("uint2_planes", "uint2", _PLANES, lanes(2, 32, words=2), {"lop3": 2,  "shift": 2},  words=2)
_add("uint4_planes", "uint4", _PLANES, lanes(4, 32, words=4), {"lop3": 8,  "shift": 8},  words=4)
_add("uint8_planes", "uint8", _PLANES, lanes(8, 32, words=8), {"lop3": 24, "shift": 24}, words=8)
# fmt: on

#: what is measured beside the codecs: weights that are operands already
HALVES = Codec("f16_f16", "fp16", _F16, lanes(16, 32, words=4), 4, {})
