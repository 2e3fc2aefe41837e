"""Llama and the dense models that follow it: Mistral, Qwen 2 / 2.5 / 3, Phi-3, BitNet b1.58."""

from __future__ import annotations

from narrowgauge.workloads.architectures.common import (
    architecture,
    attention,
    decoder,
    gated_mlp,
    layer_count,
    mixed_windows,
    one_window,
)
from narrowgauge.workloads.fields import Fields
from narrowgauge.workloads.model import ModelConfig, WindowGroup

MISTRAL_WINDOW = 4096  # MistralConfig
QWEN_WINDOW, QWEN_FULL_LAYERS = 4096, 28  # Qwen2Config, Qwen3Config
QWEN3_HEAD_DIM = 128  # Qwen3Config


@architecture("llama")
def llama(fields: Fields, name: str) -> ModelConfig:
    """Llama 1, 2, 3, 3.1, 3.2 and models in their format."""
    bias = fields.flag("attention_bias", False)
    shape = attention(fields, one_window(layer_count(fields)), qkv_bias=bias, out_bias=bias)
    return decoder(fields, name, shape, gated_mlp(fields, bias=fields.flag("mlp_bias", False)))


@architecture("mistral")
def mistral(fields: Fields, name: str) -> ModelConfig:
    """Mistral 7B and its successors; a null window is none, an absent one that of the configuration class."""
    window = fields.optional_integer("sliding_window") if "sliding_window" in fields.data else MISTRAL_WINDOW
    shape = attention(fields, one_window(layer_count(fields), window), kv_heads=8)
    return decoder(fields, name, shape, gated_mlp(fields))


def qwen_windows(fields: Fields) -> tuple[WindowGroup, ...]:
    """From layer `max_window_layers` on attention slides, if `use_sliding_window` says so."""
    layers = layer_count(fields)
    if not fields.flag("use_sliding_window", False):
        return one_window(layers)
    first = fields.integer("max_window_layers", QWEN_FULL_LAYERS, low=0)
    return mixed_windows(fields, layers, fields.integer("sliding_window", QWEN_WINDOW), lambda index: index >= first)


@architecture("qwen2")
def qwen2(fields: Fields, name: str) -> ModelConfig:
    """Qwen 1.5, 2 and 2.5: biases on query, key and value alone."""
    return decoder(fields, name, attention(fields, qwen_windows(fields), qkv_bias=True), gated_mlp(fields))


@architecture("qwen3")
def qwen3(fields: Fields, name: str) -> ModelConfig:
    """Qwen 3: a norm over each query and key head."""
    bias = fields.flag("attention_bias", False)
    shape = attention(fields, qwen_windows(fields), head_dim=QWEN3_HEAD_DIM, qkv_bias=bias, out_bias=bias, qk_norm=True)
    return decoder(fields, name, shape, gated_mlp(fields))


@architecture("phi3")
def phi3(fields: Fields, name: str) -> ModelConfig:
    """Phi-3 and Phi-4: fused projections (the same shapes), rotary embedding on part of a head in some sizes."""
    shape = attention(fields, one_window(layer_count(fields), fields.optional_integer("sliding_window")))
    return decoder(fields, name, shape, gated_mlp(fields))


@architecture("bitnet")
def bitnet(fields: Fields, name: str) -> ModelConfig:
    """BitNet b1.58: a norm before each second projection, squared ReLU."""
    shape = attention(fields, one_window(layer_count(fields)), sub_norm=True)
    return decoder(fields, name, shape, gated_mlp(fields, "relu2", sub_norm=True))
