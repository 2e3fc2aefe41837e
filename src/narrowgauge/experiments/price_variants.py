"""From a price table to the rows of kernel families: cells are checked here, meaning is given by the importers.

Each function takes the table and the positions of the rows that are its kind, notes what is wrong with which row, and returns the
good rows by family and variant, indexed by position.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from narrowgauge.calibration.datasets import attention, elementwise, gemm
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import NarrowgaugeError
from narrowgauge.experiments.price_kinds import ATTENTION, ELEMENTWISE, GEMM
from narrowgauge.experiments.price_rows import (
    LARGEST_TENSOR,
    LARGEST_WORK,
    RowProblems,
    Rows,
    bounded,
    numbers,
    text,
    whole_numbers,
)
from narrowgauge.formats import parse_scheme
from narrowgauge.registry import canonical

if TYPE_CHECKING:
    import pandas as pd

Groups = dict[tuple[str, Variant], "pd.DataFrame"]


def gemm_rows(frame: pd.DataFrame, rows: Rows, problems: RowProblems) -> Groups:
    """Rows of GEMMs: m, n, k; scheme and framework where given."""
    m, n, k = (whole_numbers(frame, name, rows, problems) for name in GEMM.required)
    bounded(rows, problems, LARGEST_TENSOR, m_x_n=m * n, n_x_k=n * k, m_x_k=m * k)
    schemes = text(frame, "scheme")[rows]
    _refuse(schemes, rows, problems, parse_scheme)
    columns = {"m": m, "n": n, "k": k, "scheme": np.where(schemes == "", gemm.DEFAULT_SCHEME, schemes)}
    good = _good({**columns, "framework": text(frame, "framework")[rows]}, rows, problems)
    return gemm.variants(good) if len(good) else {}


def attention_rows(frame: pd.DataFrame, rows: Rows, problems: RowProblems) -> Groups:
    """Rows of attention. Formats come from `attn_dtype` and `kv_cache_dtype`, from a model's `scheme` where those are empty."""
    op = np.array([canonical(name) for name in text(frame, "op")[rows]], dtype=object)
    decode = np.isin(op, ("decode", "attention-decode"))
    columns = {name: whole_numbers(frame, name, rows, problems) for name in ATTENTION.required if name != "isl"}
    isl = np.empty(len(rows))
    isl[decode] = whole_numbers(frame, "isl", rows[decode], problems, default=1)
    isl[~decode] = whole_numbers(frame, "isl", rows[~decode], problems)
    step = whole_numbers(frame, "step", rows, problems, low=0, default=0)
    given = np.isfinite(numbers(frame, "step")[0][rows]) if "step" in frame else np.zeros(len(rows), bool)
    window = whole_numbers(frame, "window_size", rows, problems, low=0, default=0)
    heads, kv_heads, head_dim = (columns[name] for name in ("num_heads", "num_key_value_heads", "head_dim"))
    latent = {}
    if "v_head_dim" in frame or "kv_elements" in frame:
        value = np.where(_empty(frame, "v_head_dim", rows), head_dim, _optional(frame, "v_head_dim", rows, problems))
        stored = np.where(_empty(frame, "kv_elements", rows), head_dim + value, _optional(frame, "kv_elements", rows, problems))
        latent = {"v_head_dim": value, "kv_elements": stored}
    problems.add(rows[decode & (isl > 1)], "a decode row has isl 1")
    problems.add(
        rows[(isl == 1) & ~given & ~np.isin(op, ("prefill", "attention-prefill"))],
        "step is missing, a row with isl 1 needs it: the number of tokens in the KV cache (0 for the prefill of one token)",
    )
    problems.add(rows[kv_heads > heads], "num_key_value_heads is above num_heads")
    with np.errstate(invalid="ignore", over="ignore"):
        uneven = np.isfinite(heads * kv_heads) & (kv_heads > 0) & (kv_heads <= heads) & (np.fmod(heads, kv_heads) != 0)
        tokens = isl + step
        queries = columns["batch_size"] * isl * heads * head_dim
        cache = columns["batch_size"] * tokens * kv_heads * head_dim
        work = 2.0 * queries * tokens
    problems.add(rows[uneven], "num_heads is no multiple of num_key_value_heads")
    bounded(rows, problems, LARGEST_TENSOR, queries=queries, KV_cache=cache)
    bounded(rows, problems, LARGEST_WORK, work=work)
    formats = _attention_formats(frame, rows, problems)
    columns |= {"isl": isl, "step": step, "window_size": window, **latent, **formats}
    for name in ("framework", "kernel_source"):
        columns[name] = text(frame, name)[rows]
    good = _good(columns, rows, problems)
    return attention.variants(good) if len(good) else {}


def elementwise_rows(frame: pd.DataFrame, rows: Rows, problems: RowProblems) -> Groups:
    """Rows of norms, activations, RoPE, residuals and embedding lookups."""
    op = np.array([canonical(name) for name in text(frame, "op")[rows]], dtype=object)
    columns: dict[str, Any] = {"op": op}
    columns |= {name: whole_numbers(frame, name, rows, problems) for name in ELEMENTWISE.required if name != "op"}
    for needing, names in elementwise.NEEDS.items():
        mine = op == needing
        for name in names:
            columns[name] = np.ones(len(rows))
            columns[name][mine] = whole_numbers(frame, name, rows[mine], problems)
    split = whole_numbers(frame, "num_tensor_parallel_workers", rows, problems, default=1)
    columns |= {"num_tensor_parallel_workers": split, "framework": text(frame, "framework")[rows]}
    if "use_gated_mlp" in frame:
        columns["use_gated_mlp"] = text(frame, "use_gated_mlp")[rows]
    problems.add(rows[columns["n_head"] > columns["n_embd"]], "n_head is above n_embd")
    widest = np.maximum(columns["n_embd"], columns["n_expanded_embd"])
    bounded(rows, problems, LARGEST_TENSOR, num_tokens_x_width=columns["num_tokens"] * widest)
    good = _good(columns, rows, problems)
    return elementwise.variants(good) if len(good) else {}


#: in the order of `price_kinds.KINDS`
READERS: tuple[Callable[[pd.DataFrame, Rows, RowProblems], Groups], ...] = (gemm_rows, attention_rows, elementwise_rows)


def _attention_formats(frame: pd.DataFrame, rows: Rows, problems: RowProblems) -> dict[str, Any]:
    """`attn_dtype` and `kv_cache_dtype` of the rows, taken from the scheme where a row names only that."""
    query, cache, scheme = (text(frame, name)[rows] for name in ("attn_dtype", "kv_cache_dtype", "scheme"))
    from_scheme = (query == "") & (cache == "") & (scheme != "")
    _refuse(np.where(from_scheme, scheme, ""), rows, problems, parse_scheme)
    for name in dict.fromkeys(scheme[from_scheme & ~problems.bad[rows]]):
        parsed, mine = parse_scheme(name), from_scheme & (scheme == name)
        query[mine] = parsed.output.name
        cache[mine] = parsed.kv_cache.format.name.replace("-", "_")
    pairs = np.array([f"{a}|{b}" for a, b in zip(query, cache, strict=True)], dtype=object)
    _refuse(pairs, rows, problems, lambda pair: attention.precision_name(pair.split("|")[0] or "bf16", pair.split("|")[1]))
    return {"attn_dtype": query, "kv_cache_dtype": cache}


def _refuse(names: Any, rows: Rows, problems: RowProblems, read: Callable[[str], object]) -> None:
    """Note the rows whose name `read` does not accept, with its reason; empty names are nobody's."""
    for name in dict.fromkeys(names[names != ""]):
        try:
            read(str(name))
        except NarrowgaugeError as error:
            problems.add(rows[names == name], str(error))


def _empty(frame: pd.DataFrame, name: str, rows: Rows) -> Any:
    return ~frame[name].notna().to_numpy()[rows] if name in frame else np.ones(len(rows), bool)


def _optional(frame: pd.DataFrame, name: str, rows: Rows, problems: RowProblems) -> Any:
    return whole_numbers(frame, name, rows, problems, default=1)


def _good(columns: dict[str, Any], rows: Rows, problems: RowProblems) -> pd.DataFrame:
    """The rows without a fault, indexed by position; columns without text as whole numbers."""
    import pandas as pd

    keep = ~problems.bad[rows]
    kept = {name: values[keep] for name, values in columns.items()}
    whole = {name: v if v.dtype == object else v.astype(np.int64) for name, v in kept.items()}
    return pd.DataFrame(whole, index=rows[keep])
