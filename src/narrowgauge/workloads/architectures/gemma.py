"""Gemma 1, 2 and 3. Absent fields take the values of the published configuration classes, which their files rely on."""

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
from narrowgauge.workloads.model import ModelConfig

HEAD_DIM = 256  # GemmaConfig, Gemma2Config, Gemma3TextConfig
GEMMA2_WINDOW, GEMMA2_PATTERN = 4096, 2  # Gemma2Config: every second layer is global
GEMMA3_WINDOW, GEMMA3_PATTERN = 4096, 6  # Gemma3TextConfig: every sixth layer is global
GEMMA3_HEADS, GEMMA3_KV_HEADS, GEMMA3_VOCAB = 8, 4, 262_208  # Gemma3TextConfig
FOUR_NORMS = ("attn.norm", "attn.post_norm", "mlp.norm", "mlp.post_norm")
ACTIVATION = "gelu_pytorch_tanh"


@architecture("gemma")
def gemma(fields: Fields, name: str) -> ModelConfig:
    """Gemma 2B and 7B."""
    shape = attention(fields, one_window(layer_count(fields)), head_dim=HEAD_DIM)
    return decoder(fields, name, shape, gated_mlp(fields, ACTIVATION), tied=True)


@architecture("gemma2")
def gemma2(fields: Fields, name: str) -> ModelConfig:
    """Gemma 2: alternating windows, norms before and after each half of a layer, capped logits."""
    window = fields.integer("sliding_window", GEMMA2_WINDOW)
    windows = mixed_windows(fields, layer_count(fields), window, lambda index: (index + 1) % GEMMA2_PATTERN != 0)
    shape = attention(fields, windows, head_dim=HEAD_DIM)
    softcap = "final_logit_softcapping" not in fields.data or fields.has("final_logit_softcapping")
    mlp = gated_mlp(fields, ACTIVATION)
    return decoder(fields, name, shape, mlp, tied=True, layer_norms=FOUR_NORMS, logit_softcap=softcap)


@architecture("gemma3_text")
def gemma3_text(fields: Fields, name: str) -> ModelConfig:
    """The language model of Gemma 3: five local layers to a global one, norms over query and key heads."""
    window = fields.integer("sliding_window", GEMMA3_WINDOW)
    pattern = fields.integer("sliding_window_pattern", GEMMA3_PATTERN)
    windows = mixed_windows(fields, layer_count(fields), window, lambda index: (index + 1) % pattern != 0)
    shape = attention(fields, windows, heads=GEMMA3_HEADS, kv_heads=GEMMA3_KV_HEADS, head_dim=HEAD_DIM, qk_norm=True)
    softcap = fields.has("final_logit_softcapping")
    mlp = gated_mlp(fields, ACTIVATION)
    return decoder(fields, name, shape, mlp, tied=True, vocab=GEMMA3_VOCAB, layer_norms=FOUR_NORMS, logit_softcap=softcap)


@architecture("gemma3")
def gemma3(fields: Fields, name: str) -> ModelConfig:
    """The multimodal wrapper of Gemma 3: its language model, without the vision tower."""
    return gemma3_text(fields.nested("text_config"), name)
