"""Attention as compilers without a fused kernel run it: two batched matrix products around a softmax, scores through memory."""

from __future__ import annotations

from narrowgauge.dataflows.family import Variant
from narrowgauge.experiments.lowering import COLUMNS
from narrowgauge.experiments.lowering_call import Call


def unfused(call: Call) -> list[Call]:
    """The kernels that stand for an attention call; any other call alone.

    Groups of heads stand side by side along N, as in every grouped product. Scores of all pairs of tokens are computed, masked
    ones too; the softmax reads and writes them in the 16 bits in which the product left them."""
    if not call.family.startswith("attention"):
        return [call]
    size = dict(zip(COLUMNS[call.family], call.row, strict=True))
    batch, queries, heads, step = (size[name] for name in ("batch_size", "isl", "num_heads", "step"))
    tokens, groups = queries + step, batch * heads
    precision, library = call.variant.precision.partition("-kv")[0], call.variant.library
    product = Variant(precision, library)
    scores = (queries, groups * tokens, size["head_dim"])
    values = (queries, groups * size["v_head_dim"], tokens)
    weights = (groups * queries, tokens, 0, 1)
    return [
        Call(f"{call.operator}.scores", "gemm", product, scores, call.count),
        Call(f"{call.operator}.softmax", "elementwise", Variant("softmax-16bit", library), weights, call.count),
        Call(f"{call.operator}.values", "gemm", product, values, call.count),
    ]
