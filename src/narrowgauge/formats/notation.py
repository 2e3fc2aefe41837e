"""The field's own notation for schemes, e.g. `w4a16-g128`, `w4a8kv4`, `fp8-dynamic`, `nvfp4`, `bitmod-fp3`.

    scheme  = head { "-" option }               "_" and "-" are alike, case does not matter
    head    = bf16 | fp16                       nothing is quantised
            | fp8                               FP8 E4M3 weights and activations; a dynamic scale per tensor by default
            | w<bits>a<bits>[kv<bits>]          integers of that many bits (one: ±1); 16 means FP16; a16 alone: weight-only
            | mxfp8 | mxfp6 | mxint8 | nvfp4    block formats on both sides
            | mxfp4                             MXFP4 weights under 16-bit activations, as in published checkpoints
            | nf4 | flint4 | bitmod-fp3 | bitmod-fp4    weight-only
    option  = g<N>                              a scale per N weights along the reduction (and a zero point for 4 bits and fewer)
            | sym                               no zero point
            | dynamic | static | block<N>       where activation scales come from; block: per N × N weights and 1 × N activations
            | int8 | fp8 | ternary | <format>   element format of the weights (and of 8-bit activations, for int8 and fp8)
            | a16 | a8 | a4                     activation width of a block-format head
            | kv4 | kv8 | kvfp8 | kvint8        KV cache; kv8 is FP8 under FP8 activations and INT8 otherwise; default 16 bit

A quantised activation of `w<bits>a8` has a dynamic scale per token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.formats import catalogue as c
from narrowgauge.formats.draft import Draft, build, kv_format
from narrowgauge.formats.number import BlockFormat, IntFormat, NumberFormat
from narrowgauge.formats.scheme import QuantScheme
from narrowgauge.formats.tensor import SIXTEEN_BIT
from narrowgauge.registry import canonical

#: Schemes offered in lists and error messages; the notation allows more.
SCHEMES = (
    *("bf16", "fp16", "fp8-dynamic", "fp8-static", "fp8-block128", "fp8-static-kvfp8", "w8a8-int8", "w8a16", "w8a16-fp8"),
    *("w4a16", "w4a16-g128", "w4a16-g128-kvfp8", "w4a8", "w4a8-g128", "w4a8-g128-kv4", "w4a4", "w3a16", "w3a16-g128"),
    *("w2a16-g128", "w2a8-ternary", "mxfp4", "mxfp8", "nvfp4", "nvfp4-a16", "nf4", "flint4", "bitmod-fp3", "bitmod-fp4"),
)
ALIASES = {
    "fp8": "fp8-dynamic",
    "w8a8": "w8a8-int8",
    "w8a8-fp8": "fp8-dynamic",
    "int8": "w8a8-int8",
    "int4": "w4a16",
    "w1.58a8": "w2a8-ternary",
    "w16a16": "fp16",
}

#: Weight-only formats and the group size that they are published with: QLoRA (arXiv 2305.14314), BitMoD (HPCA 2025).
WEIGHT_ONLY_GROUPS = {"nf4": 64, "flint4": 128, "bitmod-fp3": 128, "bitmod-fp4": 128}

HEAD = re.compile(r"w(?P<w>[0-9]{1,3})a(?P<a>[0-9]{1,3})(?:(?P<kv>kv[0-9a-z]+))?")
INTEGERS = {fmt.bits: fmt for fmt in (c.BINARY, c.INT2, c.INT3, c.INT4, c.INT5, c.INT6, c.INT8)}
KV_OPTIONS = ("kv4", "kv8", "kv16", "kvfp8", "kvint8")
KV_NAMES = {c.UINT4: "kv4", c.FP8_E4M3: "kvfp8", c.INT8: "kvint8"}


class _MalformedError(Exception):
    """Why a name is no scheme."""


def parse_scheme(name: str) -> QuantScheme:
    """The scheme of that name; raises one InputError that says what is wrong, what is allowed and the nearest name."""
    return _parse(canonical(str(name)))


@lru_cache(maxsize=1024)
def _parse(key: str) -> QuantScheme:
    try:
        head, *options = _tokens(ALIASES.get(key, key))
        draft = _head(head)
        stem, in_head = (head[: head.index("kv")], [draft.kv]) if draft.kv else (head, [])
        kept = _apply_all(draft, [*in_head, *options])
        return build(_canonical_name(stem, kept, draft), draft)
    except _MalformedError as reason:
        raise InputError([Problem("", f"unknown scheme '{key}': {reason}; {nearest(key, SCHEMES)}")]) from None


def _tokens(name: str) -> list[str]:
    """Split at dashes, keeping the names of formats that contain one (`bitmod-fp3`) whole."""
    parts = name.split("-")
    tokens: list[str] = []
    while parts:
        length = 2 if "-".join(parts[:2]) in c.FORMATS and len(parts) > 1 else 1
        tokens.append("-".join(parts[:length]))
        parts = parts[length:]
    return tokens


def _head(token: str) -> Draft:
    if token in ("bf16", "fp16"):
        return Draft(c.FORMATS[token], c.FORMATS[token])
    if token in ("fp8", "fp8-e4m3"):
        return Draft(c.FP8_E4M3, c.FP8_E4M3)
    if token in WEIGHT_ONLY_GROUPS:
        return Draft(c.FORMATS[token], c.FP16, group=WEIGHT_ONLY_GROUPS[token])
    if token in c.FORMATS and isinstance(c.FORMATS[token], BlockFormat):
        return Draft(c.FORMATS[token], c.BF16 if token == "mxfp4" else c.FORMATS[token])
    match = HEAD.fullmatch(token)
    if not match:
        raise _MalformedError(f"'{token}' is no head (w<bits>a<bits> or the name of a format)")
    weight, activation = int(match["w"]), int(match["a"])
    if weight > activation:
        raise _MalformedError(f"weights of {weight} bits are wider than activations of {activation}")
    return Draft(_integer(weight, "weights"), _integer(activation, "activations"), kv=match["kv"])


def _integer(bits: int, what: str) -> NumberFormat:
    widths = {**INTEGERS, c.FP16.bits: c.FP16}
    if bits not in widths:
        raise _MalformedError(f"{what} have {', '.join(str(width) for width in sorted(widths))} bits, given {bits}")
    return widths[bits]


def _apply_all(draft: Draft, options: list[str]) -> list[str]:
    """Applies every option, refuses two of one kind, and returns those that a canonical name keeps, in canonical order."""
    seen: dict[int, str] = {}
    for option in options:
        rank, matched, update = _find(option)
        if rank in seen:
            raise _MalformedError(f"'{seen[rank]}' and '{option}' contradict or repeat each other")
        seen[rank] = option
        update(draft, matched)
    return [seen[rank] for rank in sorted(seen) if rank != KV_RANK]


def _find(option: str) -> tuple[int, str, Callable[[Draft, str], None]]:
    for rank, (pattern, update) in enumerate(OPTIONS):
        found = re.fullmatch(pattern, option)
        if found:
            return rank, next((part for part in found.groups() if part), option), update
    if option in c.FORMATS:
        return ELEMENT_RANK, option, _set_weight
    raise _MalformedError(
        f"'{option}' is no option (g<N>, sym, dynamic, static, block<N>, kv4, kv8, kvfp8, a16 or an element format)"
    )


def _set_element(draft: Draft, option: str) -> None:
    fmt = c.FP8_E4M3 if option == "fp8" else c.INT8
    if c.INT8 not in (draft.weight, draft.activation):
        raise _MalformedError(f"'{option}' names an 8-bit format and nothing here has 8 bits to choose")
    draft.weight = fmt if draft.weight == c.INT8 else draft.weight
    draft.activation = fmt if draft.activation == c.INT8 else draft.activation


def _set_weight(draft: Draft, option: str) -> None:
    fmt = c.FORMATS[option]
    if not isinstance(draft.weight, IntFormat):
        raise _MalformedError(f"'{option}' cannot replace the format of weights that are {draft.weight.name} already")
    if fmt.bits != draft.weight.bits:
        raise _MalformedError(f"'{option}' has {fmt.bits} bits, the weights have {draft.weight.bits}")
    draft.weight = fmt
    draft.group = draft.group or WEIGHT_ONLY_GROUPS.get(option)


def _set_scaling(draft: Draft, option: str) -> None:
    if draft.activation in SIXTEEN_BIT or isinstance(draft.activation, BlockFormat):
        raise _MalformedError(f"{draft.activation.name} activations have no scales to choose, given '{option}'")
    draft.static = option == "static"
    draft.block = _positive(option) if option.isdecimal() else None


def _set_group(draft: Draft, size: str) -> None:
    if draft.weight in SIXTEEN_BIT or isinstance(draft.weight, BlockFormat):
        raise _MalformedError(f"{draft.weight.name} weights have no groups to choose, given 'g{size}'")
    draft.group = _positive(size)


def _positive(size: str) -> int:
    if int(size) == 0:
        raise _MalformedError("a group has at least one element, given 0")
    return int(size)


def _set_symmetric(draft: Draft, option: str) -> None:
    if not isinstance(draft.weight, IntFormat):
        raise _MalformedError(f"'{option}' is about the zero points of integers; weights are {draft.weight.name}")
    draft.symmetric = True


def _set_activation_bits(draft: Draft, bits: str) -> None:
    choices: dict[str, NumberFormat] = {"16": c.FP16, "8": c.MXFP8, "4": draft.weight}
    if not isinstance(draft.weight, BlockFormat):
        raise _MalformedError(f"'a{bits}' goes with a block format; write w<bits>a<bits> for {draft.weight.name}")
    draft.activation = choices[bits]


def _set_kv(draft: Draft, option: str) -> None:
    if option not in KV_OPTIONS:
        raise _MalformedError(f"a KV cache is one of {', '.join(KV_OPTIONS)}, given '{option}'")
    draft.kv = option


#: Pattern and effect of each kind of option, in the order of a canonical name. A pattern's group is what the effect is given.
OPTIONS: tuple[tuple[str, Callable[[Draft, str], None]], ...] = (
    (r"int8|fp8", _set_element),
    (r"dynamic|static|block([0-9]{1,6})", _set_scaling),
    (r"g([0-9]{1,6})", _set_group),
    (r"sym", _set_symmetric),
    (r"a(16|8|4)", _set_activation_bits),
    (r"kv.*", _set_kv),
)
ELEMENT_RANK, KV_RANK = 0, len(OPTIONS) - 1


def _canonical_name(stem: str, kept: list[str], draft: Draft) -> str:
    """One spelling per scheme: defaults that the field writes out are written out, the KV cache comes last and by its format."""
    if draft.weight == draft.activation == c.FP8_E4M3:
        scaling = [option for option in kept if option != "fp8"]
        stem, kept = "fp8", scaling if draft.static or draft.block else ["dynamic", *(o for o in scaling if o != "dynamic")]
    elif draft.weight == draft.activation == c.INT8:
        stem, kept = "w8a8", ["int8", *(option for option in kept if option not in ("int8", "dynamic"))]
    cache = kv_format(draft)
    return "-".join([stem, *kept, *([KV_NAMES[cache]] if cache else [])])
