"""Operators of a graph become calls of kernel families."""

from __future__ import annotations

import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.gemm_operands import includes_quantize
from narrowgauge.experiments.lowering import COLUMNS, lower
from narrowgauge.experiments.lowering_call import Call
from narrowgauge.experiments.serving import framework
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import Attention, Elementwise, Gemm, Graph, GroupedGemm, build_graph, model_names, read_model

A100 = load_machine("a100-sxm-80gb").resources
H100 = load_machine("h100-sxm").resources


def graph(model: str, scheme: str = "bf16", phase: str = "decode", **sizes: int) -> Graph:
    return build_graph(read_model(model), parse_scheme(scheme), phase, **({"batch": 4, "context_len": 100} | sizes))


def calls(made: Graph, gpu=H100, host: str = "vllm") -> dict[str, Call]:
    return {call.operator: call for call in lower(made, gpu, framework(host))}


@pytest.mark.parametrize("model", model_names())
@pytest.mark.parametrize("scheme", ["bf16", "w4a16-g128", "w8a8", "fp8", "fp8-block128"])
def test_every_operator_is_priced_once_or_contained_in_another(model: str, scheme: str) -> None:
    made = graph(model, scheme)
    lowered = [call.operator for call in lower(made, H100, framework("vllm"))]
    lowered += [call.quantizes for call in lower(made, H100, framework("vllm")) if call.quantizes]
    assert sorted(lowered) == sorted(op.name for op in made.operators if op.name != "attn.kv_write")


@pytest.mark.parametrize("model", model_names())
def test_rows_have_the_columns_of_their_family(model: str) -> None:
    for phase in ("prefill", "decode"):
        for call in lower(graph(model, phase=phase), A100, framework(None)):
            assert len(call.row) == len(COLUMNS[call.family])


def test_every_family_has_its_columns_here() -> None:
    assert set(COLUMNS) == set(FAMILIES)


def test_tensorrt_llm_rotates_inside_its_attention_call() -> None:
    made = graph("llama-3-8b")
    assert "attn.rope" not in calls(made, host="trtllm")
    assert "attn.rope" in calls(made, host="vllm")


def test_fp8_products_contain_the_kernel_that_quantises_their_input() -> None:
    made = graph("llama-3-8b", "fp8")
    product = calls(made)["attn.qkv"]
    quantize = next(op for op in made.operators if op.name == "attn.qkv.quantize")
    assert isinstance(quantize, Elementwise)
    assert product.quantizes == quantize.name
    assert product.quantize_bytes == quantize.bytes_read + quantize.bytes_written


def test_int8_products_leave_quantising_to_a_kernel_of_its_own() -> None:
    lowered = calls(graph("llama-3-8b", "w8a8"))
    assert lowered["attn.qkv"].quantizes == ""
    assert lowered["attn.qkv.quantize"].variant.precision == "quantize-int8"


def test_a_grouped_product_has_the_weights_and_the_work_of_all_its_groups() -> None:
    made = graph("mixtral-8x7b", batch=16)
    op = next(op for op in made.operators if isinstance(op, GroupedGemm))
    m, n, k = calls(made)[op.name].row
    assert n * k == pytest.approx(op.groups * op.n * op.k)
    assert m * n * k == pytest.approx(op.macs)


def test_a_grouped_fp8_product_is_charged_for_quantising_once() -> None:
    made = graph("mixtral-8x7b", "fp8")
    op = next(op for op in made.operators if isinstance(op, GroupedGemm))
    assert includes_quantize(op.scheme)
    lowered = calls(made)
    assert lowered[op.name].strips_quantize
    assert lowered[f"{op.name}.quantize"].family == "elementwise"


def test_fp16_is_priced_as_bf16_where_both_run_at_one_rate() -> None:
    assert {
        call.variant.precision for call in lower(graph("llama-3-8b", "fp16"), A100, framework(None)) if call.family == "gemm"
    } == {"bf16"}


def test_the_output_head_of_a_quantised_model_stays_at_16_bits() -> None:
    lowered = calls(graph("llama-3-8b", "w4a16-g128"))
    assert lowered["lm_head"].variant.precision == "bf16"
    assert lowered["attn.qkv"].variant.precision == "w4a16-g128"


def test_the_kv_cache_of_a_scheme_reaches_attention_and_no_product() -> None:
    lowered = calls(graph("llama-3-8b", "w4a16-g128-kvfp8"))
    assert lowered["attn.qkv"].variant.precision == "w4a16-g128"
    assert lowered["attn.attention"].variant.precision == "bf16-kvfp8"


def test_an_integer_cache_is_read_at_its_own_width() -> None:
    attention = next(
        c for c in lower(graph("llama-3-8b", "w4a8-g128-kv4"), A100, framework(None)) if c.family == "attention-decode"
    )
    assert attention.variant.precision.endswith("-kvint4")


def test_one_token_behind_a_cache_is_decode_and_a_prompt_of_one_token_is_not() -> None:
    assert calls(graph("llama-3-8b"))["attn.attention"].family == "attention-decode"
    assert calls(graph("llama-3-8b", phase="prefill", context_len=0))["attn.attention"].family == "attention-prefill"


def test_a_window_is_counted_without_the_token_itself() -> None:
    made = graph("gemma-2-2b")
    sliding = next(op for op in made.operators if isinstance(op, Attention) and op.window)
    row = dict(zip(COLUMNS["attention-decode"], calls(made)[sliding.name].row, strict=True))
    assert row["window_size"] == sliding.window - 1


def test_latent_attention_stores_keys_and_values_once() -> None:
    row = dict(zip(COLUMNS["attention-decode"], calls(graph("deepseek-v2-lite"))["attn.attention"].row, strict=True))
    assert (row["head_dim"], row["v_head_dim"], row["kv_elements"]) == (576, 512, 576)


def test_tensor_parallelism_brings_collectives_of_the_framework() -> None:
    reduce = calls(graph("llama-3-8b", tensor_parallel=2))["attn.all_reduce"]
    assert (reduce.family, reduce.variant.library) == ("all-reduce", "vllm")
    assert reduce.row == (4 * 4096 * 2, 2)


def test_products_keep_their_dimensions() -> None:
    made = graph("llama-3-8b")
    for op in made.operators:
        if isinstance(op, Gemm):
            assert calls(made)[op.name].row == (op.m, op.n, op.k)
