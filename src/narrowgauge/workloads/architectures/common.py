"""What the readers of single architectures share: the registry, and the fields that most of them have under the same names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from narrowgauge.registry import Registry
from narrowgauge.workloads.fields import Fields
from narrowgauge.workloads.model import Activation, AttentionShape, MlpShape, ModelConfig, NormKind, WindowGroup

Reader = Callable[[Fields, str], ModelConfig]

#: Readers by the `model_type` of a config.json.
ARCHITECTURES: Registry[Reader] = Registry("model_type")

ACTIVATIONS = {
    "silu": Activation.SILU,
    "swish": Activation.SILU,
    "gelu": Activation.GELU,
    "gelu_new": Activation.GELU,
    "gelu_fast": Activation.GELU,
    "gelu_pytorch_tanh": Activation.GELU,
    "relu": Activation.RELU,
    "relu2": Activation.RELU2,
}
FULL, SLIDING = "full_attention", "sliding_attention"


def architecture(*model_types: str) -> Callable[[Reader], Reader]:
    """Registers a reader for these values of `model_type`."""

    def register(reader: Reader) -> Reader:
        for model_type in model_types:
            ARCHITECTURES.register(model_type, reader)
        return reader

    return register


def layer_count(fields: Fields) -> int:
    """Number of decoder layers."""
    return fields.integer("num_hidden_layers")


def one_window(layers: int, window: int | None = None) -> tuple[WindowGroup, ...]:
    """The same window in every layer."""
    return (WindowGroup(layers, window),)


def mixed_windows(fields: Fields, layers: int, window: int | None, slides: Callable[[int], bool]) -> tuple[WindowGroup, ...]:
    """Layers for which `slides(index)` holds see `window` tokens, the others all; a `layer_types` list overrules `slides`."""
    if fields.is_faulty("num_hidden_layers"):
        return one_window(layers)
    types: Sequence[str] | None = fields.text_list("layer_types", layers, (FULL, SLIDING))
    sliding = [types[i] == SLIDING if types else slides(i) for i in range(layers)].count(True) if window else 0
    groups = (WindowGroup(sliding, window), WindowGroup(layers - sliding))
    return tuple(group for group in groups if group.layers)


def attention(
    fields: Fields,
    windows: tuple[WindowGroup, ...],
    *,
    heads: int | None = None,
    kv_heads: int | None = None,
    head_dim: int | None = None,
    **features: Any,
) -> AttentionShape:
    """Grouped-query attention under the usual field names; the keywords are defaults of the published configuration class."""
    query = fields.integer("num_attention_heads", heads)
    shared = fields.integer("num_key_value_heads", kv_heads or query)
    fields.divides("num_key_value_heads", shared, "num_attention_heads", query)
    if fields.has("head_dim") or head_dim:
        width = fields.integer("head_dim", head_dim)
    else:
        width = even_head(fields, "hidden_size", fields.integer("hidden_size"), "num_attention_heads", query)
    rotary = int(width * fields.fraction("partial_rotary_factor", 1.0))
    return AttentionShape(query, shared, width, windows, rotary, **features)


def even_head(fields: Fields, hidden_name: str, hidden: int, heads_name: str, heads: int) -> int:
    """Width of a head where the hidden width is split evenly."""
    fields.divides(heads_name, heads, hidden_name, hidden)
    return max(1, hidden // heads)


def gated_mlp(fields: Fields, activation: str = "silu", **features: Any) -> MlpShape:
    """A gated MLP of `intermediate_size`."""
    kind = fields.choice(("hidden_act", "hidden_activation"), ACTIVATIONS, activation)
    return MlpShape(fields.integer("intermediate_size"), gated=True, activation=kind, **features)


def decoder(
    fields: Fields,
    name: str,
    attention: AttentionShape,
    mlp: MlpShape,
    *,
    tied: bool = False,
    vocab: int | None = None,
    norm: NormKind = NormKind.RMS,
    **features: Any,
) -> ModelConfig:
    """A decoder under the usual field names; `tied` and `vocab` are defaults of the published configuration class."""
    return ModelConfig(
        name=name,
        model_type=str(fields.data.get("model_type", "")),
        hidden=fields.integer("hidden_size"),
        layers=layer_count(fields),
        vocab=fields.integer("vocab_size", vocab),
        attention=attention,
        mlp=mlp,
        norm=norm,
        tied_embeddings=fields.flag("tie_word_embeddings", tied),
        max_positions=fields.optional_integer("max_position_embeddings"),
        **features,
    )
