"""LayerNorm models with plain MLPs and biases: GPT-2, GPT-J, OPT, BLOOM."""

from __future__ import annotations

from narrowgauge.workloads.architectures.common import ACTIVATIONS, architecture, even_head, one_window
from narrowgauge.workloads.fields import Fields
from narrowgauge.workloads.model import Activation, AttentionShape, MlpShape, ModelConfig, NormKind

MLP_RATIO = 4  # the width of an MLP where the file gives none
OPT_POSITION_OFFSET = 2  # the first two rows of OPT's position table belong to padding
GPTJ_ROTARY_DIM = 64  # GPTJConfig


@architecture("gpt2")
def gpt2(fields: Fields, name: str) -> ModelConfig:
    """GPT-2 (and GPT-3, which has the same shapes)."""
    hidden, layers, heads = fields.integer("n_embd"), fields.integer("n_layer"), fields.integer("n_head")
    width = even_head(fields, "n_embd", hidden, "n_head", heads)
    positions = fields.integer("n_positions")
    return ModelConfig(
        name=name,
        model_type="gpt2",
        hidden=hidden,
        layers=layers,
        vocab=fields.integer("vocab_size"),
        attention=AttentionShape(heads, heads, width, one_window(layers), rotary_dim=0, qkv_bias=True, out_bias=True),
        mlp=_plain_mlp(fields, hidden),
        norm=NormKind.LAYER,
        tied_embeddings=fields.flag("tie_word_embeddings", True),
        positions=positions,
        max_positions=positions,
    )


def _plain_mlp(fields: Fields, hidden: int) -> MlpShape:
    activation = fields.choice(("activation_function",), ACTIVATIONS, "gelu_new")
    return MlpShape(fields.integer("n_inner", MLP_RATIO * hidden), gated=False, activation=activation, bias=True)


@architecture("gptj")
def gptj(fields: Fields, name: str) -> ModelConfig:
    """GPT-J: attention and MLP in parallel behind one norm, biases in the MLP and the output head alone."""
    hidden, layers, heads = fields.integer("n_embd"), fields.integer("n_layer"), fields.integer("n_head")
    width = even_head(fields, "n_embd", hidden, "n_head", heads)
    rotary = min(width, fields.integer("rotary_dim", GPTJ_ROTARY_DIM))
    return ModelConfig(
        name=name,
        model_type="gptj",
        hidden=hidden,
        layers=layers,
        vocab=fields.integer("vocab_size"),
        attention=AttentionShape(heads, heads, width, one_window(layers), rotary),
        mlp=_plain_mlp(fields, hidden),
        norm=NormKind.LAYER,
        layer_norms=("attn.norm",),
        parallel=True,
        tied_embeddings=fields.flag("tie_word_embeddings", False),
        head_bias=True,
        max_positions=fields.optional_integer("n_positions"),
    )


@architecture("opt")
def opt(fields: Fields, name: str) -> ModelConfig:
    """OPT: learned positions behind an offset of two; the 350M model norms after each half and projects its embedding."""
    hidden, layers, heads = (fields.integer(field) for field in ("hidden_size", "num_hidden_layers", "num_attention_heads"))
    width = even_head(fields, "hidden_size", hidden, "num_attention_heads", heads)
    embed_dim = fields.integer("word_embed_proj_dim", hidden)
    bias = fields.flag("enable_bias", True)
    max_positions = fields.integer("max_position_embeddings")
    activation = fields.choice(("activation_function",), ACTIVATIONS, "relu")
    pre_norm = fields.flag("do_layer_norm_before", True)
    return ModelConfig(
        name=name,
        model_type="opt",
        hidden=hidden,
        layers=layers,
        vocab=fields.integer("vocab_size"),
        attention=AttentionShape(heads, heads, width, one_window(layers), rotary_dim=0, qkv_bias=bias, out_bias=bias),
        mlp=MlpShape(fields.integer("ffn_dim"), gated=False, activation=activation, bias=bias),
        norm=NormKind.LAYER,
        norm_affine=fields.flag("layer_norm_elementwise_affine", True),
        final_norm=pre_norm and not fields.flag("_remove_final_layer_norm", False),
        tied_embeddings=fields.flag("tie_word_embeddings", True),
        positions=max_positions + OPT_POSITION_OFFSET,
        embed_dim=None if embed_dim == hidden else embed_dim,
        max_positions=max_positions,
    )


@architecture("bloom")
def bloom(fields: Fields, name: str) -> ModelConfig:
    """BLOOM: ALiBi positions, biases everywhere, a norm behind the embedding."""
    hidden_name = "hidden_size" if fields.has("hidden_size") else "n_embed"
    heads_name = "num_attention_heads" if fields.has("num_attention_heads") else "n_head"
    layers_name = "num_hidden_layers" if fields.has("num_hidden_layers") else "n_layer"
    hidden, layers, heads = fields.integer(hidden_name), fields.integer(layers_name), fields.integer(heads_name)
    width = even_head(fields, hidden_name, hidden, heads_name, heads)
    return ModelConfig(
        name=name,
        model_type="bloom",
        hidden=hidden,
        layers=layers,
        vocab=fields.integer("vocab_size"),
        attention=AttentionShape(heads, heads, width, one_window(layers), rotary_dim=0, qkv_bias=True, out_bias=True),
        mlp=MlpShape(MLP_RATIO * hidden, gated=False, activation=Activation.GELU, bias=True),
        norm=NormKind.LAYER,
        embed_norm=True,
        tied_embeddings=fields.flag("tie_word_embeddings", True),
        max_positions=fields.optional_integer("seq_length"),
    )
