"""Attention in three kernels: the arithmetic of both products, scores through memory once each way."""

from narrowgauge.archmodels import load_gpu
from narrowgauge.dataflows.family import Variant
from narrowgauge.experiments.lowering import attention_call
from narrowgauge.experiments.lowering_call import Call
from narrowgauge.experiments.unfused_attention import unfused
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import Attention

BF16 = parse_scheme("bf16")
OPERATOR = Attention("attn", 2, 64, 0, 8, 2, 32, 32, None, 3, BF16.activation, BF16.kv_cache)


def _three() -> list[Call]:
    return unfused(attention_call(OPERATOR, load_gpu("a100-sxm-80gb").resources, "trtllm"))


def test_products_multiply_every_pair_of_tokens():
    scores, _, values = _three()
    macs = [call.row[0] * call.row[1] * call.row[2] for call in (scores, values)]
    assert macs == [2 * 8 * 64 * 64 * 32] * 2


def test_the_softmax_covers_the_scores():
    scores, softmax, _ = _three()
    assert softmax.row[0] * softmax.row[1] == scores.row[0] * scores.row[1]
    assert all(call.count == 3 for call in _three())


def test_other_kernels_stay_as_they_are():
    call = Call("mlp.up", "gemm", Variant("bf16", "trtllm"), (1.0, 2.0, 3.0), 1)
    assert unfused(call) == [call]
