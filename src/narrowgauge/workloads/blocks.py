"""How the parts of a transformer lower to operators, in the order in which inference frameworks run them."""

from __future__ import annotations

from collections.abc import Iterator

from narrowgauge.formats.tensor import TensorFormat
from narrowgauge.units import BITS_PER_BYTE
from narrowgauge.workloads.elementwise import Kind
from narrowgauge.workloads.lowering import Lowering
from narrowgauge.workloads.model import LatentShape, MlpShape, MoeShape, WindowGroup
from narrowgauge.workloads.operators import AllGather, Attention, GroupedGemm, Operator


def forward(low: Lowering, logits: int, absorbed: bool) -> Iterator[Operator]:
    """A whole forward pass: `logits` tokens reach the output head; `absorbed` keeps latent attention in the latent space."""
    model = low.model
    yield from _embedding(low)
    latent = model.attention.latent
    attention = _latent_attention(low, latent, absorbed) if latent else _attention(low)
    if model.parallel:
        yield from low.norm("attn.norm")
        yield from low.norm("mlp.norm")
        yield from attention
        yield from _mlp(low)
        yield from low.all_reduce("layer.all_reduce", model.layers)
        yield from low.residual("layer.residual", 2 * model.layers)
    else:
        yield from low.norm("attn.norm")
        yield from attention
        yield from low.all_reduce("attn.all_reduce", model.layers)
        yield from low.norm("attn.post_norm")
        yield from low.residual("attn.residual", model.layers)
        yield from low.norm("mlp.norm")
        yield from _mlp(low)
        yield from _moe(low, model.moe) if model.moe else ()
        yield from low.all_reduce("mlp.all_reduce", model.layers)
        yield from low.norm("mlp.post_norm")
        yield from low.residual("mlp.residual", model.layers)
    yield from _head(low, logits)


def _embedding(low: Lowering) -> Iterator[Operator]:
    """The token table is split by rows: the others contribute zeros and an all-reduce joins them."""
    model = low.model
    yield low.elementwise("embed", Kind.EMBEDDING, low.tokens, model.token_dim, 1)
    yield from low.all_reduce("embed.all_reduce", 1)
    if low.has_linear("embed.project_in"):
        yield from low.gemm("embed.project_in")
    if model.positions:
        yield low.elementwise("embed.positions", Kind.EMBEDDING, low.tokens, model.hidden, 1)
        yield low.elementwise("embed.add", Kind.RESIDUAL_ADD, low.tokens, model.hidden, 1)
    yield from low.norm("embed.norm")


def _attention(low: Lowering) -> Iterator[Operator]:
    shape, layers = low.model.attention, low.model.layers
    heads, kv_heads = low.split.heads, low.split.kv_heads
    yield from low.gemm("attn.qkv")
    yield from low.norm("attn.q_norm", heads)
    yield from low.norm("attn.k_norm", kv_heads)
    if shape.rotary_dim:
        query, key = heads * shape.rotary_dim, kv_heads * shape.rotary_dim
        yield low.elementwise("attn.rope", Kind.ROPE, low.tokens, query, layers, second_width=key)
    kv = low.scheme.kv_cache
    yield low.kv_write(2 * kv_heads, shape.head_dim)
    for group in shape.windows:
        yield _scores(low, group, kv_heads, shape.head_dim, shape.head_dim, kv)
    yield from low.norm("attn.sub_norm")
    yield from low.gemm("attn.o")


def _scores(
    low: Lowering, group: WindowGroup, kv_heads: int, head_dim: int, value_dim: int, kv: TensorFormat, *, shared_kv: bool = False
) -> Attention:
    mixed = len(low.model.attention.windows) > 1 and group.window is not None
    return Attention(
        name="attn.attention.sliding" if mixed else "attn.attention",
        batch=low.batch,
        query_len=low.query_len,
        step=low.context_len,
        num_heads=low.split.heads,
        num_kv_heads=kv_heads,
        head_dim=head_dim,
        value_dim=value_dim,
        window=group.window,
        count=group.layers,
        query=low.wide,
        kv=kv,
        shared_kv=shared_kv,
    )


def _latent_attention(low: Lowering, latent: LatentShape, absorbed: bool) -> Iterator[Operator]:
    """Expanded: keys and values of all tokens, cached ones included, are computed from the latents for this pass, at 16 bits.

    Absorbed: queries are mapped into the latent space and outputs back, at 16 bits; one head of latents serves all queries."""
    layers, heads = low.model.layers, low.split.heads
    yield from low.gemm("attn.qkv_a" if latent.query_rank else "attn.kv_a")
    yield from low.norm("attn.q_a_norm")
    yield from low.norm("attn.kv_a_norm")
    yield from low.gemm("attn.q_b" if latent.query_rank else "attn.q")
    yield low.elementwise("attn.rope", Kind.ROPE, low.tokens, heads * latent.rope_dim, layers, second_width=latent.rope_dim)
    kv = low.scheme.kv_cache
    yield low.kv_write(1, latent.cache_dim)
    (group,) = low.model.attention.windows
    if absorbed:
        rows = low.tokens * heads
        yield GroupedGemm("attn.absorb_q", heads, rows, latent.kv_rank, latent.nope_dim, layers, low.plain)
        yield _scores(low, group, 1, latent.cache_dim, latent.kv_rank, kv, shared_kv=True)
        yield GroupedGemm("attn.absorb_v", heads, rows, latent.value_dim, latent.kv_rank, layers, low.plain)
    else:
        yield from low.gemm("attn.kv_b", low.batch * (low.context_len + low.query_len))
        yield _scores(low, group, heads, latent.nope_dim + latent.rope_dim, latent.value_dim, low.wide)
    yield from low.gemm("attn.o")


def _activation(mlp: MlpShape) -> Kind:
    return Kind(f"{mlp.activation}_mul" if mlp.gated else mlp.activation)


def _dense(low: Lowering, prefix: str, width: int, layers: int) -> Iterator[Operator]:
    """Two products around an activation of `width` elements."""
    mlp = low.model.mlp
    yield from low.gemm(f"{prefix}.gate_up" if mlp.gated else f"{prefix}.up")
    yield low.elementwise(f"{prefix}.act", _activation(mlp), low.tokens, width, layers)
    if prefix == "mlp":
        yield from low.norm("mlp.sub_norm")
    yield from low.gemm(f"{prefix}.down")


def _mlp(low: Lowering) -> Iterator[Operator]:
    if low.model.dense_layers:
        yield from _dense(low, "mlp", low.split.intermediate, low.model.dense_layers)


def _moe(low: Lowering, moe: MoeShape) -> Iterator[Operator]:
    """Router, routed experts on the rows that chose them, shared experts on all."""
    layers = low.model.moe_layers
    yield from low.gemm("moe.router")
    yield low.elementwise("moe.topk", Kind.ROUTER_TOPK, low.tokens, moe.experts, layers)
    yield from _grouped(low, "moe.experts.gate_up", moe)
    yield low.elementwise(
        "moe.experts.act", _activation(low.model.mlp), low.tokens * moe.top_k, low.split.expert_intermediate, layers
    )
    yield from _grouped(low, "moe.experts.down", moe)
    hidden = low.model.hidden
    yield low.elementwise("moe.combine", Kind.MOE_COMBINE, low.tokens, moe.top_k * hidden, layers, second_width=hidden)
    if moe.shared_intermediate:
        yield from _dense(low, "moe.shared", low.split.shared_intermediate, layers)
        yield from low.gemm("moe.shared_gate") if moe.shared_gate else ()
        yield low.elementwise("moe.shared.add", Kind.RESIDUAL_ADD, low.tokens, hidden, layers)


def _grouped(low: Lowering, name: str, moe: MoeShape) -> Iterator[Operator]:
    linear, rows = low.linear(name), low.tokens * moe.top_k
    quantized_rows = low.tokens if name.endswith("gate_up") else rows  # a token is quantised once for all its experts
    yield from low.quantize(name, quantized_rows, linear.k, linear.layers, low.scheme)
    yield GroupedGemm(name, moe.expected_experts(low.tokens), rows, linear.n, linear.k, linear.layers, low.scheme)


def _head(low: Lowering, logits: int) -> Iterator[Operator]:
    """Final norm of all tokens; logits and a sample for those that need one."""
    model = low.model
    yield from low.norm("final.norm")
    if low.has_linear("embed.project_out"):
        yield from low.gemm("embed.project_out")
    yield from low.gemm("lm_head", logits)
    if low.ways > 1:
        payload = float(logits * low.split.vocab * low.ways * low.wide.storage_bits / BITS_PER_BYTE)
        yield AllGather("lm_head.all_gather", payload, low.ways, 1)
    if model.logit_softcap:
        yield low.elementwise("lm_head.softcap", Kind.SOFTCAP, logits, model.vocab, 1)
    yield low.elementwise("sample", Kind.SAMPLING, logits, model.vocab, 1)
