"""DeepSeek-V2 and V3: multi-head latent attention and many small experts (arXiv 2405.04434, 2412.19437).

The extra layers that V3 ships for multi-token prediction take no part in plain decoding and are left out."""

from __future__ import annotations

from narrowgauge.workloads.architectures.common import architecture, decoder, gated_mlp, layer_count, one_window
from narrowgauge.workloads.architectures.moe import top_k
from narrowgauge.workloads.fields import Fields
from narrowgauge.workloads.model import AttentionShape, LatentShape, ModelConfig, MoeShape


@architecture("deepseek_v2")
def deepseek_v2(fields: Fields, name: str) -> ModelConfig:
    """DeepSeek-V2 and V2-Lite."""
    return _deepseek(fields, name, router_bias=False)


@architecture("deepseek_v3")
def deepseek_v3(fields: Fields, name: str) -> ModelConfig:
    """DeepSeek-V3 and R1: the router corrects the score of each expert."""
    return _deepseek(fields, name, router_bias=True)


def _deepseek(fields: Fields, name: str, router_bias: bool) -> ModelConfig:
    return decoder(fields, name, _attention(fields), gated_mlp(fields), moe=_experts(fields, router_bias))


def _attention(fields: Fields) -> AttentionShape:
    heads = fields.integer("num_attention_heads")
    latent = LatentShape(
        kv_rank=fields.integer("kv_lora_rank"),
        rope_dim=fields.integer("qk_rope_head_dim"),
        nope_dim=fields.integer("qk_nope_head_dim"),
        value_dim=fields.integer("v_head_dim"),
        query_rank=fields.optional_integer("q_lora_rank"),
    )
    windows, head_dim = one_window(layer_count(fields)), latent.nope_dim + latent.rope_dim
    return AttentionShape(heads, heads, head_dim, windows, latent.rope_dim, latent=latent)


def _experts(fields: Fields, router_bias: bool) -> MoeShape:
    layers, experts = layer_count(fields), fields.integer("n_routed_experts")
    width = fields.integer("moe_intermediate_size")
    first, every = fields.integer("first_k_dense_replace", 0, low=0), fields.integer("moe_layer_freq", 1)
    dense = sum(index < first or index % every != 0 for index in range(layers))
    shared = fields.integer("n_shared_experts", 0, low=0)
    return MoeShape(experts, top_k(fields, experts), width, dense, shared_intermediate=shared * width, router_bias=router_bias)
