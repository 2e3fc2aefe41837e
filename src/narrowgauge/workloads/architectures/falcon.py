"""Falcon 7B, 40B and 180B: attention and MLP in parallel, one or few key-value heads."""

from __future__ import annotations

from narrowgauge.workloads.architectures.common import architecture, even_head, one_window
from narrowgauge.workloads.fields import Fields
from narrowgauge.workloads.model import Activation, AttentionShape, MlpShape, ModelConfig, NormKind

MLP_RATIO = 4  # FalconConfig


@architecture("falcon")
def falcon(fields: Fields, name: str) -> ModelConfig:
    """All Falcon decoders. The old architecture reads `multi_query`; the new one `num_kv_heads`, and has a norm per branch."""
    hidden = fields.integer("hidden_size")
    layers = fields.integer("num_hidden_layers" if fields.has("num_hidden_layers") else "n_layer")
    bias, parallel = fields.flag("bias", False), fields.flag("parallel_attn", True)
    new = fields.flag("new_decoder_architecture", False)
    branch_norms = fields.integer("num_ln_in_parallel_attn", 2 if new else 1, high=2) if parallel or new else 2
    return ModelConfig(
        name=name,
        model_type="falcon",
        hidden=hidden,
        layers=layers,
        vocab=fields.integer("vocab_size"),
        attention=_attention(fields, hidden, layers, bias, new),
        mlp=MlpShape(
            fields.integer("ffn_hidden_size", MLP_RATIO * hidden),
            gated=False,
            activation=Activation.GELU,
            bias=bias,
        ),
        norm=NormKind.LAYER,
        layer_norms=("attn.norm", "mlp.norm")[:branch_norms],
        parallel=parallel or new,
        tied_embeddings=fields.flag("tie_word_embeddings", True),
        max_positions=fields.optional_integer("max_position_embeddings"),
    )


def _attention(fields: Fields, hidden: int, layers: int, bias: bool, new: bool) -> AttentionShape:
    heads_name = "num_attention_heads" if fields.has("num_attention_heads") else "n_head"
    heads = fields.integer(heads_name)
    width = even_head(fields, "hidden_size", hidden, heads_name, heads)
    if new:
        kv_name = "num_kv_heads" if fields.has("num_kv_heads") else "n_head_kv"
        kv_heads = fields.integer(kv_name, heads)
        fields.divides(kv_name, kv_heads, heads_name, heads)
    else:
        kv_heads = 1 if fields.flag("multi_query", True) else heads
    rotary = 0 if fields.flag("alibi", False) else width
    return AttentionShape(heads, kv_heads, width, one_window(layers), rotary, qkv_bias=bias, out_bias=bias)
