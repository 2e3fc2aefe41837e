"""What each part of a scheme's name means: the conventions of published kernels and checkpoints, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from narrowgauge.formats import catalogue as c
from narrowgauge.formats.number import BlockFormat, IntFormat, MixtureFormat, NumberFormat
from narrowgauge.formats.scheme import QuantScheme, unscaled
from narrowgauge.formats.tensor import SIXTEEN_BIT, Granularity, TensorFormat

ASYMMETRIC_UP_TO_BITS = 4
UNSIGNED = {fmt.width: fmt for fmt in (c.UINT2, c.UINT3, c.UINT4)}


@dataclass
class Draft:
    """What the tokens of a name have said so far; `group` is along the reduction, `block` the side of a square of weights."""

    weight: NumberFormat
    activation: NumberFormat
    group: int | None = None
    block: int | None = None
    symmetric: bool = False
    static: bool = False
    kv: str | None = None


def build(name: str, draft: Draft) -> QuantScheme:
    """The scheme that a draft describes, under its canonical name."""
    output = (
        draft.activation if draft.activation in SIXTEEN_BIT else (c.FP16 if isinstance(draft.activation, IntFormat) else c.BF16)
    )
    return QuantScheme(
        name=name,
        weight=_weight(draft),
        activation=_activation(draft),
        kv_cache=_kv_cache(draft, output),
        accumulate=c.INT32 if isinstance(draft.activation, IntFormat) else c.FP32,
        output=output,
    )


def _weight(draft: Draft) -> TensorFormat:
    fmt = draft.weight
    if fmt in SIXTEEN_BIT:
        return unscaled(fmt)
    if isinstance(fmt, BlockFormat):
        return TensorFormat(fmt, Granularity.FORMAT)
    if draft.group:
        return _grouped_weight(draft, draft.group)
    if draft.block:
        return TensorFormat(fmt, Granularity.BLOCK, draft.block, scale=c.FP32)
    per_tensor = fmt == c.TERNARY or (fmt == draft.activation == c.FP8_E4M3)
    return TensorFormat(fmt, Granularity.TENSOR if per_tensor else Granularity.CHANNEL, scale=c.FP16)


def _grouped_weight(draft: Draft, group: int) -> TensorFormat:
    """Zero points as in AWQ and GPTQ (of the weights' width); 8-bit scales under one FP16 per channel where activations are INT8
    (QServe, arXiv 2405.04532) and for BitMoD; FP32 for NF4."""
    fmt, zero_point = draft.weight, None
    if isinstance(fmt, IntFormat) and fmt.width <= ASYMMETRIC_UP_TO_BITS and not draft.symmetric:
        fmt = zero_point = UNSIGNED[fmt.width]
    two_level = draft.activation == c.INT8 or isinstance(fmt, MixtureFormat)
    scale = c.INT8 if two_level else (c.FP32 if fmt == c.NF4 else c.FP16)
    return TensorFormat(fmt, Granularity.GROUP, group, scale=scale, zero_point=zero_point)


def _activation(draft: Draft) -> TensorFormat:
    fmt = draft.activation
    if fmt in SIXTEEN_BIT:
        return unscaled(fmt)
    if isinstance(fmt, BlockFormat):
        return TensorFormat(fmt, Granularity.FORMAT, dynamic=True)
    if draft.block:
        return TensorFormat(fmt, Granularity.GROUP, draft.block, scale=c.FP32, dynamic=True)
    per_tensor = fmt == c.FP8_E4M3 or draft.static
    granularity = Granularity.TENSOR if per_tensor else Granularity.TOKEN
    return TensorFormat(fmt, granularity, scale=c.FP32, dynamic=not draft.static)


def kv_format(draft: Draft) -> NumberFormat | None:
    """The format of a narrow KV cache; None for a 16-bit one. `kv8` is FP8 under narrow floating-point activations, else INT8."""
    match draft.kv:
        case None | "kv16":
            return None
        case "kv4":
            return c.UINT4
        case "kvfp8":
            return c.FP8_E4M3
        case "kvint8":
            return c.INT8
        case _:
            narrow_float = not isinstance(draft.activation, IntFormat) and draft.activation not in SIXTEEN_BIT
            return c.FP8_E4M3 if narrow_float else c.INT8


def _kv_cache(draft: Draft, output: NumberFormat) -> TensorFormat:
    """8-bit caches have one static scale per tensor; 4-bit ones a scale and a zero point per token and head (QServe)."""
    fmt = kv_format(draft)
    if fmt is None:
        return unscaled(output)
    if fmt == c.UINT4:
        return TensorFormat(fmt, Granularity.HEAD, scale=c.FP16, zero_point=c.FP16, dynamic=True)
    return TensorFormat(fmt, Granularity.TENSOR, scale=c.FP32)
