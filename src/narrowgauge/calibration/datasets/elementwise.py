"""Elementwise tables with the columns of microsoft/vidur's profiles, as rows of the family `elementwise`.

Columns: `op` (emb, input_layernorm, post_attention_layernorm, attn_rope, mlp_act, add), `num_tokens`, `n_embd`, for RoPE
`n_head` and `n_kv_head`, for mlp_act `n_expanded_embd`; optionally `use_gated_mlp` (default true), `num_tensor_parallel_workers`
(default 1), `framework` and the latency, `median_us` or `latency_us`.

Vidur splits heads and the MLP over the workers and repeats norms, residuals and the embedding on each. In its profiles a
plain (not gated) MLP means the block of Phi-2: LayerNorm, GELU, and a residual of three tensors that takes two additions.
A row without framework is taken to run the kernels that vidur profiled: those of sarathi-serve and PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from narrowgauge.dataflows.elementwise import ELEMENTWISE
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical

if TYPE_CHECKING:
    import pandas as pd

#: operation and library of each op: behind a gated MLP, and behind a plain one
OPS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "emb": (("embedding", "torch"), ("embedding", "torch")),
    "input-layernorm": (("rmsnorm", "sarathi"), ("layernorm", "torch")),
    "post-attention-layernorm": (("rmsnorm", "sarathi"), ("layernorm", "torch")),
    "attn-rope": (("rope", "sarathi"), ("rope", "sarathi")),
    "mlp-act": (("silu-mul", "sarathi"), ("gelu", "torch")),
    "add": (("add", "torch"), ("add-add", "torch")),
}
#: columns that an op needs beyond `num_tokens` and `n_embd`
NEEDS = {"attn-rope": ("n_head", "n_kv_head"), "mlp-act": ("n_expanded_embd",)}
LATENCY = ("latency_us", "median_us")
FALSE = frozenset({"false", "0", "0.0", "no"})


def variants(frame: pd.DataFrame) -> dict[tuple[str, Variant], pd.DataFrame]:
    """Rows of each operation and library with `rows`, `width`, `second_width`, `tensor_parallel` and, where measured,
    `latency_us`; index kept. Raises InputError with every missing column and every unknown op."""
    _check(frame)
    ops = frame["op"].astype(str).map(canonical)
    gated = ~frame["use_gated_mlp"].astype(str).str.lower().isin(FALSE) if "use_gated_mlp" in frame else ops == ops
    library = frame["framework"].fillna("").astype(str).map(canonical) if "framework" in frame else ops.mask(ops == ops, "")
    columns = _shapes(frame, ops)
    groups: dict[tuple[str, Variant], list[pd.DataFrame]] = {}
    for (op, is_gated, lib), rows in columns.groupby([ops, gated, library], sort=True):
        name, measured = OPS[str(op)][0 if is_gated else 1]
        groups.setdefault((ELEMENTWISE.name, Variant(name, str(lib) or measured)), []).append(rows)
    import pandas as pd

    return {key: parts[0] if len(parts) == 1 else pd.concat(parts).sort_index() for key, parts in groups.items()}


def _check(frame: pd.DataFrame) -> None:
    problems = [
        Problem(name, "column is missing from the elementwise table")
        for name in ("op", "num_tokens", "n_embd")
        if name not in frame
    ]
    if "op" in frame:
        for op in frame["op"].astype(str).unique():
            key = canonical(op)
            if key not in OPS:
                rows = ", ".join(str(row) for row in frame.index[frame["op"].astype(str) == op][:3])
                problems.append(
                    Problem(f"op of row {rows}", f"unknown op '{op}'; {nearest(op, (o.replace('-', '_') for o in OPS))}")
                )
            problems += [
                Problem(name, f"column is missing, op '{op}' needs it") for name in NEEDS.get(key, ()) if name not in frame
            ]
    if problems:
        raise InputError(problems)


def _shapes(frame: pd.DataFrame, ops: pd.Series[str]) -> pd.DataFrame:
    """Numeric columns of the family for every row of the table."""
    import pandas as pd

    split = frame.get("num_tensor_parallel_workers", pd.Series(1, frame.index)).fillna(1)
    width, second = frame["n_embd"], pd.Series(0, frame.index)
    rope, act = ops == "attn-rope", ops == "mlp-act"
    if rope.any():
        head = frame["n_embd"] // frame["n_head"]
        width = width.mask(rope, -(-frame["n_head"] // split) * head)
        second = second.mask(rope, -(-frame["n_kv_head"] // split) * head)
    if act.any():
        width = width.mask(act, -(-frame["n_expanded_embd"] // split))
    table = pd.DataFrame({"rows": frame["num_tokens"], "width": width, "second_width": second, "tensor_parallel": split})
    latency = next((name for name in LATENCY if name in frame), None)
    return table if latency is None else table.assign(latency_us=frame[latency])
