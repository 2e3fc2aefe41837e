"""Reading elementwise tables: which operation, and how tensor parallelism divides the widths."""

import pandas as pd
import pytest

from narrowgauge.calibration.datasets.elementwise import variants
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError

LLAMA_70B = {"n_head": 64, "n_kv_head": 8, "n_embd": 8192, "n_expanded_embd": 28672, "use_gated_mlp": True}
PHI_2 = {"n_head": 32, "n_kv_head": 32, "n_embd": 2560, "n_expanded_embd": 10240, "use_gated_mlp": False}


def one(op, model, workers=1, **more):
    frame = pd.DataFrame([{"op": op, "num_tokens": 7, "num_tensor_parallel_workers": workers, **model, **more}], index=[42])
    [((family, variant), rows)] = variants(frame).items()
    assert family == "elementwise"
    assert rows.index.tolist() == [42]
    return variant, rows.loc[42]


@pytest.mark.parametrize(
    ("op", "workers", "variant", "width", "second"),
    [
        ("emb", 4, Variant("embedding", "torch"), 8192, 0),
        ("input_layernorm", 4, Variant("rmsnorm", "sarathi"), 8192, 0),
        ("post_attention_layernorm", 1, Variant("rmsnorm", "sarathi"), 8192, 0),
        ("attn_rope", 1, Variant("rope", "sarathi"), 8192, 1024),
        ("attn_rope", 4, Variant("rope", "sarathi"), 2048, 256),
        ("attn_rope", 16, Variant("rope", "sarathi"), 512, 128),  # a KV head is repeated, not split
        ("mlp_act", 4, Variant("silu-mul", "sarathi"), 7168, 0),
        ("add", 8, Variant("add", "torch"), 8192, 0),
    ],
)
def test_ops_of_a_gated_model(op, workers, variant, width, second):
    found, row = one(op, LLAMA_70B, workers)
    assert found == variant
    assert (row["rows"], row["width"], row["second_width"], row["tensor_parallel"]) == (7, width, second, workers)


@pytest.mark.parametrize(
    ("op", "variant", "width"),
    [
        ("input_layernorm", Variant("layernorm", "torch"), 2560),
        ("mlp_act", Variant("gelu", "torch"), 10240),
        ("add", Variant("add-add", "torch"), 2560),
    ],
)
def test_ops_of_a_plain_model(op, variant, width):
    found, row = one(op, PHI_2)
    assert (found, row["width"]) == (variant, width)


def test_the_median_is_the_latency_and_a_framework_names_the_library():
    found, row = one("add", LLAMA_70B, median_us=12.5, framework="TRTLLM")
    assert (found, row["latency_us"]) == (Variant("add", "trtllm"), 12.5)


def test_a_table_without_latency_workers_or_heads_is_priced():
    [rows] = variants(pd.DataFrame({"op": ["add"], "num_tokens": [3], "n_embd": [64]})).values()
    assert rows.iloc[0].to_dict() == {"rows": 3, "width": 64, "second_width": 0, "tensor_parallel": 1}


def test_every_fault_is_told_at_once():
    with pytest.raises(InputError) as caught:
        variants(pd.DataFrame({"op": ["attn_rop", "mlp_act"], "num_tokens": [1, 1]}))
    message = str(caught.value)
    assert "n_embd: column is missing" in message
    assert "row 0: unknown op 'attn_rop'; did you mean 'attn_rope'?" in message
    assert "n_expanded_embd: column is missing, op 'mlp_act' needs it" in message
