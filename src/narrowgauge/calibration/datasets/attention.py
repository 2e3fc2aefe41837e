"""Attention tables: which kernel family and variant each row belongs to.

Reads the columns of the published measurements and of a user's price table alike: `batch_size`, `isl`, `num_heads`, `num_key_value_heads`, `head_dim`,
`step` and optionally `window_size` (NaN or 0: none), `attn_dtype`, `kv_cache_dtype`, `framework`, `kernel_source`, and for latent caches `v_head_dim` and
`kv_elements`. A row whose `isl` is 1 behind cached tokens is decode, every other is prefill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from narrowgauge.dataflows.attention_terms import COLUMNS
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    import pandas as pd

PREFILL = "attention-prefill"
DECODE = "attention-decode"
#: library of a row that names no framework: FlashAttention as its own authors cut it for the architecture
DEFAULT_LIBRARY = "default"
#: columns that a table may leave out, with what is then meant
OPTIONAL = {"window_size": 0, "step": 0}
#: columns of latent caches, passed on where present
LATENT = ("v_head_dim", "kv_elements")
LATENCY = "latency_us"

#: kernels that are a framework's first choice on their architecture; a row of any other kernel is a library of its own
_FIRST_CHOICE = frozenset({"", "flash_attention", "vllm_flash_attn", "fa3", "vllm_flash_attn_fa3", "torch_flow", "default"})
#: spelling of the other kernels in the library's name
_ALTERNATIVE = {"vllm_flash_attn_fa4": "fa4"}
_DTYPES = {
    "bfloat16": "bf16",
    "bf16": "bf16",
    "float16": "fp16",
    "fp16": "fp16",
    "half": "fp16",
    "fp8": "fp8",
    "fp8_e4m3": "fp8",
    "float8_e4m3fn": "fp8",
    "e4m3": "fp8",
}


def precision_name(attn_dtype: str, kv_cache_dtype: str | None = None) -> str:
    """The precision of a variant: 'bf16', 'bf16-kvfp8' (16-bit queries over an FP8 cache) or 'fp8'; a cache that is not named has the queries' format.

    Raises InputError with the allowed names."""
    query = _dtype(attn_dtype, "attn_dtype")
    cache = query if kv_cache_dtype is None else _dtype(kv_cache_dtype, "kv_cache_dtype")
    if query == cache or query == "fp8":
        return query
    if cache == "fp8":
        return f"{query}-kvfp8"
    raise InputError(
        [
            Problem(
                "kv_cache_dtype", f"'{kv_cache_dtype}' cannot serve queries of '{attn_dtype}'; allowed: the same format, or fp8"
            )
        ]
    )


def library_name(framework: str | None, kernel_source: str | None = None) -> str:
    """The library of a variant: the framework for its first choice of kernel, framework-kernel for another, 'default' where none is named."""
    if not framework:
        return DEFAULT_LIBRARY
    name = framework.strip().lower()
    source = (kernel_source or "").strip().lower()
    if source in _FIRST_CHOICE or source == name:
        return name
    return f"{name}-{_ALTERNATIVE.get(source, source).removeprefix(f'{name}_').replace('_', '-')}"


def family_name(isl: int, step: int) -> str:
    """The kernel family of one row."""
    return DECODE if isl == 1 and step > 0 else PREFILL


def variants(frame: pd.DataFrame) -> dict[tuple[str, Variant], pd.DataFrame]:
    """The table's rows by family and variant, each with the numeric columns of the family (and `latency_us` where measured), index kept.

    Raises InputError that names every missing column, and unknown formats."""
    missing = [name for name in COLUMNS if name not in frame and name not in OPTIONAL]
    if missing:
        raise InputError([Problem(name, "column is missing from the attention table") for name in missing])
    numeric = frame.reindex(columns=[*COLUMNS, *(name for name in (*LATENT, LATENCY) if name in frame)])
    for name, value in OPTIONAL.items():
        numeric[name] = numeric[name].fillna(value)
    decode = (numeric["isl"] == 1) & (numeric["step"] > 0)
    keys = _text(frame, "framework"), _text(frame, "kernel_source"), _text(frame, "attn_dtype"), _text(frame, "kv_cache_dtype")
    groups: dict[tuple[str, Variant], list[pd.DataFrame]] = {}
    for (is_decode, framework, source, query, cache), rows in numeric.groupby([decode, *keys], sort=True):
        variant = Variant(precision_name(query or "bf16", cache or None), library_name(framework, source))
        groups.setdefault((DECODE if is_decode else PREFILL, variant), []).append(rows)
    return {key: parts[0] if len(parts) == 1 else _joined(parts) for key, parts in groups.items()}


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of one variant that the table spells differently."""
    import pandas as pd  # noqa: PLC0415  the module promises an import without pandas

    return pd.concat(parts).sort_index()


def _text(frame: pd.DataFrame, name: str) -> pd.Series[str]:
    """A text column with '' where it or its value is absent."""
    import pandas as pd  # noqa: PLC0415  the module promises an import without pandas

    if name not in frame:
        return pd.Series("", index=frame.index, name=name, dtype=object)
    return frame[name].astype(object).where(frame[name].notna(), "").astype(str).rename(name)


def _dtype(name: str, column: str) -> str:
    key = name.strip().lower().removeprefix("torch.")
    if key not in _DTYPES:
        raise InputError([Problem(column, f"unknown format '{name}'; {nearest(key, _DTYPES)}")])
    return _DTYPES[key]
