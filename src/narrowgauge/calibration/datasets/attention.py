"""Attention tables: which kernel family and variant each row belongs to.

Reads the columns of the published measurements (ai-dynamo/aiconfigurator) and of a user's price table alike: `batch_size`, `isl`,
`num_heads`, `num_key_value_heads`, `head_dim`; optionally `step`, `window_size` (NaN or 0: none), `attn_dtype`, `kv_cache_dtype`,
`framework`, `kernel_source`, and for latent caches `v_head_dim` and `kv_elements`. A row with `isl` 1 behind cached tokens is
decode, every other one is prefill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narrowgauge.dataflows.attention_terms import COLUMNS
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    import pandas as pd

PREFILL = "attention-prefill"
DECODE = "attention-decode"
DEFAULT_DTYPE = "bf16"
#: columns that a table may leave out, and what is then meant
OPTIONAL = {"window_size": 0, "step": 0}
#: columns that are passed on where present: latent caches, and the measurement
EXTRA = ("v_head_dim", "kv_elements", "latency_us")

#: kernels that are a framework's first choice on their architecture; any other kernel makes a library of its own
_FIRST_CHOICE = frozenset({"", "flash_attention", "vllm_flash_attn", "fa3", "vllm_flash_attn_fa3", "torch_flow", "default"})
#: how the name of a library spells the other kernels
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
    "int8": "int8",
    "int4": "int4",
}
_NARROW_CACHES = ("fp8", "int8", "int4")


def precision_name(attn_dtype: str, kv_cache_dtype: str = "") -> str:
    """The precision of a variant: 'bf16', 'bf16-kvfp8' (16-bit queries over an FP8 cache; likewise int8, int4) or 'fp8'. A
    cache that is not named has the queries' format. Raises InputError with the allowed names."""
    query = _dtype(attn_dtype, "attn_dtype")
    cache = _dtype(kv_cache_dtype, "kv_cache_dtype") if kv_cache_dtype else query
    if query in (cache, "fp8"):
        return query
    if cache in _NARROW_CACHES and query not in _NARROW_CACHES:
        return f"{query}-kv{cache}"
    what = f"a cache of '{kv_cache_dtype}' cannot serve queries of '{attn_dtype}'; allowed: the same format, fp8, int8 or int4"
    raise InputError([Problem("kv_cache_dtype", what)])


def library_name(framework: str, kernel_source: str = "") -> str:
    """The library of a variant: the framework for its first choice of kernel, framework-kernel for another, '' for neither."""
    name, source = framework.strip().lower(), kernel_source.strip().lower()
    if not name or source in _FIRST_CHOICE or source == name:
        return name
    return f"{name}-{_ALTERNATIVE.get(source, source)}".replace("_", "-")


def variants(frame: pd.DataFrame) -> dict[tuple[str, Variant], pd.DataFrame]:
    """The table's rows by family and variant, each with the columns of the family (and `latency_us` where measured), index kept.

    Raises InputError that names every missing column, or an unknown format."""
    missing = [name for name in COLUMNS if name not in frame and name not in OPTIONAL]
    if missing:
        raise InputError([Problem(name, "column is missing from the attention table") for name in missing])
    import pandas as pd

    def text(name: str) -> pd.Series[str]:
        values = frame[name] if name in frame else pd.Series("", index=frame.index)
        return values.astype(object).where(values.notna(), "").astype(str)

    numeric = frame.reindex(columns=[*COLUMNS, *(name for name in EXTRA if name in frame)])
    numeric = numeric.fillna(dict(OPTIONAL))
    family = ((numeric["isl"] == 1) & (numeric["step"] > 0)).map({True: DECODE, False: PREFILL})
    keys = [family, text("framework"), text("kernel_source"), text("attn_dtype"), text("kv_cache_dtype")]
    groups: dict[tuple[str, Variant], list[pd.DataFrame]] = {}
    for key, rows in numeric.groupby(keys, sort=True):
        name, framework, source, query, cache = (str(part) for part in key)
        variant = Variant(precision_name(query or DEFAULT_DTYPE, cache), library_name(framework, source))
        groups.setdefault((name, variant), []).append(rows)
    return {key: parts[0] if len(parts) == 1 else pd.concat(parts).sort_index() for key, parts in groups.items()}


def _dtype(name: str, column: str) -> str:
    key = name.strip().lower().removeprefix("torch.")
    if key not in _DTYPES:
        raise InputError([Problem(column, f"unknown format '{name}'; {nearest(key, _DTYPES)}")])
    return _DTYPES[key]
