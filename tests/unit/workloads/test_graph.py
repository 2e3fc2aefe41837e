"""Is a graph the forward pass of its model: the right operators, as often as they run, split as asked?"""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.errors import InputError
from narrowgauge.formats import SCHEMES, parse_scheme
from narrowgauge.workloads import (
    AllGather,
    AllReduce,
    Attention,
    Elementwise,
    Gemm,
    Graph,
    GroupedGemm,
    Kind,
    build_graph,
    model_names,
    parameter_count,
    read_model,
)
from narrowgauge.workloads.layers import linears
from narrowgauge.workloads.operators import Operator

MAX_ROWS = 45  # 35 for dense models; latent attention with shared experts has a few more


def graph(name: str = "llama-3-8b", scheme: str = "bf16", phase: str = "decode", **sizes: int) -> Graph:
    return build_graph(read_model(name), parse_scheme(scheme), phase, **({"batch": 1} | sizes))


def named(found: Graph, name: str) -> Operator:
    (op,) = [op for op in found.operators if op.name == name]
    return op


def names(found: Graph) -> list[str]:
    return [op.name for op in found.operators]


def test_llama_lowers_to_the_fused_operators_of_inference_frameworks() -> None:
    assert names(graph(context_len=100)) == [
        "embed",
        "attn.norm",
        "attn.qkv",
        "attn.rope",
        "attn.kv_write",
        "attn.attention",
        "attn.o",
        "mlp.norm",
        "mlp.gate_up",
        "mlp.act",
        "mlp.down",
        "final.norm",
        "lm_head",
        "sample",
    ]


@pytest.mark.parametrize(("name", "n", "k"), [("attn.qkv", 6144, 4096), ("mlp.gate_up", 28672, 4096), ("mlp.down", 4096, 14336)])
def test_llama_3_8b_products(name: str, n: int, k: int) -> None:
    op = named(graph(batch=8), name)
    assert isinstance(op, Gemm)
    assert (op.m, op.n, op.k, op.count) == (8, n, k, 32)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_every_scheme_lowers(scheme: str, phase: str) -> None:
    assert graph(scheme=scheme, phase=phase, batch=2, query_len=16).macs > 0


@pytest.mark.parametrize("name", model_names())
def test_every_model_lowers_to_few_operators_with_distinct_names(name: str) -> None:
    found = graph(name, "fp8", batch=4, context_len=64)
    assert len(found.operators) <= MAX_ROWS
    assert len(set(names(found))) == len(found.operators)
    assert all(op.count >= 1 for op in found.operators)


@pytest.mark.parametrize("name", [name for name in model_names() if not read_model(name).moe])
def test_a_decode_step_of_a_dense_model_multiplies_every_weight_once(name: str) -> None:
    model = read_model(name)
    found = graph(name, batch=1)
    attention = sum(op.count * op.macs for op in found.operators if isinstance(op, Attention))
    assert found.macs - attention == sum(linear.weights for linear in linears(model))
    assert found.weight_bytes == 2 * (found.macs - attention)


def test_weight_traffic_of_untied_llama_is_its_parameters_without_table_and_norms() -> None:
    model = read_model("llama-2-7b")
    vectors = (2 * 32 + 1) * 4096
    assert graph("llama-2-7b").weight_bytes == 2 * (parameter_count(model) - 32000 * 4096 - vectors)


def test_prefill_computes_logits_of_the_last_tokens_alone() -> None:
    prefill, decode = graph(phase="prefill", batch=4, query_len=128), graph(batch=4)
    for found in (prefill, decode):
        head = named(found, "lm_head")
        assert isinstance(head, Gemm)
        assert head.m == 4


def test_decoding_several_tokens_at_once_needs_the_logits_of_all() -> None:
    head = named(graph(batch=4, query_len=3), "lm_head")
    assert isinstance(head, Gemm)
    assert head.m == 12


def test_output_head_and_router_stay_at_16_bits() -> None:
    found = graph("mixtral-8x7b", "w4a16-g128")
    for name in ("lm_head", "moe.router"):
        op = named(found, name)
        assert isinstance(op, Gemm)
        assert op.scheme.name == "fp16"


def test_dynamic_schemes_quantise_before_every_quantised_product() -> None:
    found = graph(scheme="fp8-dynamic")
    assert [name for name in names(found) if name.endswith(".quantize")] == [
        f"{product}.quantize" for product in ("attn.qkv", "attn.o", "mlp.gate_up", "mlp.down")
    ]
    assert not [name for name in names(graph(scheme="fp8-static")) if name.endswith(".quantize")]


def test_alternating_windows_give_two_attention_rows() -> None:
    rows = [op for op in graph("gemma-3-27b", batch=2, context_len=4000).operators if isinstance(op, Attention)]
    assert [(op.name, op.window, op.count) for op in rows] == [("attn.attention.sliding", 1024, 52), ("attn.attention", None, 10)]


def test_parallel_blocks_share_one_norm_and_one_all_reduce() -> None:
    found = graph("gpt-j-6b", tensor_parallel=2)
    assert "mlp.norm" not in names(found)
    assert [op.name for op in found.operators if isinstance(op, AllReduce)] == ["embed.all_reduce", "layer.all_reduce"]


def test_residual_addition_joins_the_norm_behind_it_or_stands_alone() -> None:
    fused = graph()
    plain = build_graph(read_model("llama-3-8b"), parse_scheme("bf16"), "decode", batch=1, fuse_residual=False)
    norm, alone = named(fused, "attn.norm"), named(plain, "attn.norm")
    assert isinstance(norm, Elementwise)
    assert isinstance(alone, Elementwise)
    assert (norm.kind, alone.kind) == (Kind.ADD_RMSNORM, Kind.RMSNORM)
    assert [name for name in names(plain) if name.endswith("residual")] == ["attn.residual", "mlp.residual"]


def test_layernorm_models_keep_their_residual_additions() -> None:
    assert {"attn.residual", "mlp.residual"} <= set(names(graph("opt-13b")))


@pytest.mark.parametrize(("tokens", "experts"), [(1, 2.0), (2, 3.5), (1000, 8.0)])
def test_expected_experts_of_mixtral(tokens: int, experts: float) -> None:
    op = named(graph("mixtral-8x7b", batch=tokens), "moe.experts.gate_up")
    assert isinstance(op, GroupedGemm)
    assert op.groups == pytest.approx(experts)
    assert op.rows == 2 * tokens


@given(st.integers(1, 4096))
def test_no_more_experts_are_hit_than_there_are_choices_or_experts(tokens: int) -> None:
    moe = read_model("qwen3-30b-a3b").moe
    assert moe is not None
    assert moe.top_k <= moe.expected_experts(tokens) + 1e-9
    assert moe.expected_experts(tokens) <= min(moe.experts, moe.top_k * tokens) + 1e-9


def test_latent_attention_decodes_on_the_latents_and_prefills_on_expanded_heads() -> None:
    decode = named(graph("deepseek-v3", context_len=99), "attn.attention")
    prefill = named(graph("deepseek-v3", phase="prefill", query_len=100), "attn.attention")
    assert isinstance(decode, Attention)
    assert isinstance(prefill, Attention)
    assert (decode.num_kv_heads, decode.head_dim, decode.value_dim) == (1, 576, 512)
    assert (prefill.num_kv_heads, prefill.head_dim, prefill.value_dim) == (128, 192, 128)


def test_latent_attention_reads_the_same_weights_absorbed_or_expanded() -> None:
    absorbed = graph("deepseek-v2-lite", batch=4)
    expanded = graph("deepseek-v2-lite", phase="prefill", batch=4)
    assert absorbed.weight_bytes == pytest.approx(expanded.weight_bytes)


@pytest.mark.parametrize("name", ["llama-3-8b", "gemma-2-9b", "mixtral-8x7b", "gpt-j-6b", "opt-13b", "qwen3-14b"])
def test_tensor_parallel_halves_split_the_work(name: str) -> None:
    whole, half = graph(name, batch=4, context_len=64), graph(name, batch=4, context_len=64, tensor_parallel=2)
    router = sum(op.count * op.macs for op in whole.operators if op.name == "moe.router")
    assert half.macs == pytest.approx((whole.macs + router) / 2, rel=1e-3)  # padding of the vocabulary


def test_two_all_reduces_per_layer_of_all_hidden_states() -> None:
    found = graph(batch=8, tensor_parallel=4)
    reduces = {op.name: op for op in found.operators if isinstance(op, AllReduce)}
    assert [(name, op.count) for name, op in reduces.items()] == [
        ("embed.all_reduce", 1),
        ("attn.all_reduce", 32),
        ("mlp.all_reduce", 32),
    ]
    assert reduces["attn.all_reduce"].bytes == 8 * 4096 * 2
    (gather,) = [op for op in found.operators if isinstance(op, AllGather)]
    assert gather.bytes == 8 * 128256 * 2


def test_one_gpu_communicates_nothing() -> None:
    assert not [op for op in graph().operators if isinstance(op, AllReduce | AllGather)]


def test_key_value_heads_are_replicated_where_there_are_fewer_than_gpus() -> None:
    op = named(graph("llama-3-70b", tensor_parallel=16), "attn.attention")
    assert isinstance(op, Attention)
    assert (op.num_heads, op.num_kv_heads) == (4, 1)


def test_a_split_that_does_not_divide_says_which_ones_do() -> None:
    with pytest.raises(InputError, match="3 GPUs do not divide the attention heads of 32") as caught:
        graph(tensor_parallel=3)
    assert "allowed for llama-3-8b: 1, 2, 4, 8, 16, 32" in str(caught.value)


@pytest.mark.parametrize("ways", [0, -1, 1.5, True])
def test_an_impossible_number_of_gpus_is_refused(ways: int) -> None:
    with pytest.raises(InputError, match="tensor_parallel: given"):
        graph(tensor_parallel=ways)


def test_all_wrong_sizes_are_reported_at_once() -> None:
    with pytest.raises(InputError) as caught:
        build_graph(read_model("gpt2"), parse_scheme("bf16"), "decod", batch=0, query_len=1.5, context_len=-1)  # type: ignore[arg-type]
    assert [problem.where for problem in caught.value.problems] == ["batch", "query_len", "context_len", "phase"]


def test_learned_positions_end() -> None:
    graph("gpt2", context_len=1023)
    with pytest.raises(InputError, match="gpt2 has 1024 positions"):
        graph("gpt2", context_len=1024)


@given(st.integers(1, 512), st.integers(0, 4096))
def test_a_longer_context_never_costs_less(batch: int, context: int) -> None:
    short, long = graph(batch=batch, context_len=context), graph(batch=batch, context_len=context + 1)
    assert short.macs < long.macs
    assert short.kv_bytes < long.kv_bytes
    assert short.weight_bytes == long.weight_bytes


TOTALS: list[Callable[[Graph], float]] = [lambda g: g.macs, lambda g: g.activation_bytes]


@pytest.mark.parametrize("total", TOTALS)
def test_doubling_the_batch_doubles_what_belongs_to_tokens(total: Callable[[Graph], float]) -> None:
    assert total(graph(batch=8, context_len=100)) == 2 * total(graph(batch=4, context_len=100))
