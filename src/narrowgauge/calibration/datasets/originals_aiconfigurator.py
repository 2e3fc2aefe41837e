"""Tables as the collectors of ai-dynamo/aiconfigurator write them, under the columns that the importers read.

`gemm_perf`, `context_attention_perf` and `generation_attention_perf` are CSV in files that end in `.txt`, or the same table as
Parquet: framework, version, device (the name that CUDA gives the GPU), op_name, kernel_source, then for a GEMM gemm_dtype, m,
n, k, for attention batch_size, isl, num_heads, num_key_value_heads, head_dim, perhaps window_size, beam_width, attn_dtype,
kv_cache_dtype, step, and for both latency in ms, perhaps power and power_limit in W.

Early collectors call 16 bits `float16` where they ran bfloat16 tensors, so both are bf16. `fp8` quantises the activations
while it runs in today's collectors; the first ones for vLLM had static scales under the same name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from narrowgauge import units
from narrowgauge.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    import pandas as pd

ORIGIN = "ai-dynamo/aiconfigurator, Apache-2.0"
GEMM = frozenset({"gemm_dtype", "m", "n", "k", "latency"})
ATTENTION = frozenset({"attn_dtype", "batch_size", "isl", "num_heads", "num_key_value_heads", "head_dim", "latency"})
#: stem of a file and the families whose rows it holds
FILES = {
    "gemm_perf": ("gemm",),
    "context_attention_perf": ("attention-prefill",),
    "generation_attention_perf": ("attention-decode",),
}
ATTENTION_OPS = ("context_attention", "generation_attention")
SCHEMES = {
    "bfloat16": "bf16",
    "float16": "bf16",
    "int8_wo": "w8a16",
    "int4_wo": "w4a16",
    "sq": "w8a8-int8",
    "fp8": "fp8-dynamic",
    "fp8_static": "fp8-static",
    "fp8_block": "fp8-block128",
    "nvfp4": "nvfp4",
}
OPERANDS = {"bfloat16": "bfloat16", "float16": "bfloat16", "fp8": "fp8"}
RENAMED = {"power": "power_w", "power_limit": "power_limit_w"}


def recognises(columns: Collection[str]) -> bool:
    """Whether a table with these columns is one of them."""
    return set(columns) >= GEMM or set(columns) >= ATTENTION


def convert(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with `scheme` for `gemm_dtype`, our names of formats, `latency_us` for `latency`, frameworks in lower case.

    Raises InputError that holds every unknown format and every kind of attention that the kernels of ours are not."""
    problems: list[Problem] = []
    made = frame.rename(columns={**RENAMED, "gemm_dtype": "scheme", "latency": "latency_us"})
    if "framework" in made:
        made["framework"] = made["framework"].astype("string").str.lower()
    if "gemm_dtype" in frame:
        made["scheme"] = _renamed(frame, "gemm_dtype", SCHEMES, problems)
    else:
        made["attn_dtype"] = _renamed(frame, "attn_dtype", OPERANDS, problems)
        if "kv_cache_dtype" in frame:
            made["kv_cache_dtype"] = _renamed(frame, "kv_cache_dtype", OPERANDS, problems)
        if "op_name" in frame:
            _renamed(frame, "op_name", dict.fromkeys(ATTENTION_OPS, ""), problems)
    made["latency_us"] = _microseconds(frame["latency"], problems)
    if problems:
        raise InputError(problems)
    return made


def _renamed(frame: pd.DataFrame, column: str, names: Mapping[str, str], problems: list[Problem]) -> pd.Series[str]:
    given = frame[column].astype("string").str.strip().str.lower()
    for name in sorted(set(given.dropna()) - set(names)):
        rows = int((given == name).sum())
        problems.append(Problem(column, f"unknown '{name}' in {rows} of {len(given)} rows; {nearest(name, names)}"))
    return given.map(names)


def _microseconds(milliseconds: pd.Series[float], problems: list[Problem]) -> pd.Series[float]:
    import pandas as pd

    numbers = pd.to_numeric(milliseconds, errors="coerce")
    words = numbers.isna() & milliseconds.notna()
    if words.any():
        problems.append(Problem("latency", f"'{milliseconds[words].iloc[0]}' is not a number, allowed: milliseconds"))
    return numbers * units.US_PER_MS
