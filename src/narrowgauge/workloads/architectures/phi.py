"""Phi-1, 1.5 and 2: attention and MLP in parallel behind one LayerNorm, biases everywhere."""

from __future__ import annotations

from narrowgauge.workloads.architectures.common import ACTIVATIONS, architecture, attention, decoder, layer_count, one_window
from narrowgauge.workloads.fields import Fields
from narrowgauge.workloads.model import MlpShape, ModelConfig, NormKind


@architecture("phi")
def phi(fields: Fields, name: str) -> ModelConfig:
    """Part of a head is rotated; `qk_layernorm` norms every head with a LayerNorm, which no published size has."""
    if fields.flag("qk_layernorm", False):
        fields.problem("qk_layernorm", "given True, allowed: false")
    shape = attention(fields, one_window(layer_count(fields)), qkv_bias=True, out_bias=True)
    activation = fields.choice(("hidden_act",), ACTIVATIONS, "gelu_new")
    return decoder(
        fields,
        name,
        shape,
        MlpShape(fields.integer("intermediate_size"), gated=False, activation=activation, bias=True),
        norm=NormKind.LAYER,
        layer_norms=("attn.norm",),
        parallel=True,
        head_bias=True,
    )
