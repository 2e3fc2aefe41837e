"""Mixtures of experts: Mixtral, Qwen 2 MoE and Qwen 3 MoE."""

from __future__ import annotations

from narrowgauge.workloads.architectures.common import (
    ACTIVATIONS,
    architecture,
    attention,
    decoder,
    gated_mlp,
    layer_count,
    one_window,
)
from narrowgauge.workloads.architectures.llama import QWEN3_HEAD_DIM, qwen_windows
from narrowgauge.workloads.fields import Fields
from narrowgauge.workloads.model import AttentionShape, MlpShape, ModelConfig, MoeShape


def top_k(fields: Fields, experts: int) -> int:
    """Experts that each token picks; at most all of them."""
    return fields.integer("num_experts_per_tok", high=max(1, experts))


@architecture("mixtral")
def mixtral(fields: Fields, name: str) -> ModelConfig:
    """Mixtral 8x7B and 8x22B: every layer has experts, none is shared."""
    width = fields.integer("intermediate_size")
    experts = fields.integer("num_local_experts")
    moe = MoeShape(experts, top_k(fields, experts), width)
    shape = attention(fields, one_window(layer_count(fields), fields.optional_integer("sliding_window")), kv_heads=8)
    return decoder(fields, name, shape, gated_mlp(fields), moe=moe)


def _qwen_moe(fields: Fields, name: str, shape: AttentionShape, shared: int = 0) -> ModelConfig:
    layers, experts = layer_count(fields), fields.integer("num_experts")
    step = fields.integer("decoder_sparse_step", 1)
    plain = set(fields.indices("mlp_only_layers", layers))
    dense = sum(index in plain or (index + 1) % step != 0 for index in range(layers))
    width = fields.integer("moe_intermediate_size")
    moe = MoeShape(experts, top_k(fields, experts), width, dense, shared_intermediate=shared, shared_gate=shared > 0)
    if dense:
        return decoder(fields, name, shape, gated_mlp(fields), moe=moe)
    mlp = MlpShape(width, gated=True, activation=fields.choice(("hidden_act",), ACTIVATIONS, "silu"))
    return decoder(fields, name, shape, mlp, moe=moe)


@architecture("qwen2_moe")
def qwen2_moe(fields: Fields, name: str) -> ModelConfig:
    """Qwen 1.5 MoE and Qwen 2 57B-A14B: one gated shared expert."""
    shape = attention(fields, qwen_windows(fields), qkv_bias=True)
    return _qwen_moe(fields, name, shape, shared=fields.integer("shared_expert_intermediate_size"))


@architecture("qwen3_moe")
def qwen3_moe(fields: Fields, name: str) -> ModelConfig:
    """Qwen 3 30B-A3B and 235B-A22B."""
    bias = fields.flag("attention_bias", False)
    shape = attention(fields, qwen_windows(fields), head_dim=QWEN3_HEAD_DIM, qkv_bias=bias, out_bias=bias, qk_norm=True)
    return _qwen_moe(fields, name, shape)
