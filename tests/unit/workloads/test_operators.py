"""Do operators count what a pencil counts?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.formats import FORMATS, QuantScheme, parse_scheme
from narrowgauge.formats.scheme import unscaled
from narrowgauge.workloads import Attention, Elementwise, Gemm, GroupedGemm, Kind

BF16 = parse_scheme("bf16")
WIDE = unscaled(FORMATS["bf16"])
SIZES = st.integers(1, 10_000)


def gemm(m: int = 16, n: int = 4096, k: int = 4096, scheme: QuantScheme = BF16) -> Gemm:
    return Gemm("g", m, n, k, 1, scheme)


def attention(query_len: int, step: int, window: int | None, kv_heads: int = 8) -> Attention:
    return Attention("a", 2, query_len, step, 32, kv_heads, 128, 128, window, 1, WIDE, WIDE)


def test_gemm_by_hand() -> None:
    op = gemm(m=2, n=3, k=4)
    assert (op.macs, op.weight_bytes, op.activation_bytes) == (24, 3 * 4 * 2, (2 * 4 + 2 * 3) * 2)


def test_group_scales_are_part_of_weight_traffic() -> None:
    assert gemm(scheme=parse_scheme("w4a16-g128")).weight_bytes == 4096 * 4096 * (4 + 20 / 128) / 8


@given(SIZES, SIZES, SIZES)
def test_halving_storage_bits_halves_weight_traffic_exactly(m: int, n: int, k: int) -> None:
    wide, half, quarter = (gemm(m, n, k, parse_scheme(name)).weight_bytes for name in ("fp16", "w8a16", "w4a16"))
    assert wide == 2 * half == 4 * quarter


def test_a_product_of_no_token_costs_nothing() -> None:
    op = gemm(m=0)
    assert op.macs == op.weight_bytes == op.activation_bytes == 0
    experts = GroupedGemm("e", 0.0, 0, 128, 128, 1, BF16)
    assert experts.macs == experts.weight_bytes == experts.activation_bytes == experts.m == 0


def test_grouped_gemm_reads_the_weights_of_every_group_once() -> None:
    op = GroupedGemm("e", 7.5, 30, 128, 64, 1, BF16)
    assert (op.m, op.macs, op.weight_bytes) == (4.0, 30 * 128 * 64, 7.5 * 128 * 64 * 2)


@given(st.integers(1, 40), st.integers(0, 60), st.one_of(st.none(), st.integers(1, 120)))
def test_scores_and_visible_tokens_equal_the_mask(query_len: int, step: int, window: int | None) -> None:
    seen = [
        {key for key in range(step + i + 1) if window is None or key > step + i - window}  # absolute positions that query i sees
        for i in range(query_len)
    ]
    op = attention(query_len, step, window)
    assert op.scores == sum(len(keys) for keys in seen)
    assert op.visible_tokens == len(set().union(*seen))


def test_decode_attention_by_hand() -> None:
    op = attention(1, 1023, None)
    assert op.macs == 2 * 32 * 1024 * 256
    assert op.kv_bytes == 2 * 1024 * 8 * 256 * 2


def test_shared_keys_and_values_are_read_once() -> None:
    op = Attention("mla", 1, 1, 0, 128, 1, 576, 512, None, 1, WIDE, WIDE, shared_kv=True)
    assert op.kv_bytes == 576 * 2
    assert op.macs == 128 * (576 + 512)


def test_fewer_key_value_heads_mean_less_cache_and_the_same_work() -> None:
    grouped, single = attention(1, 100, None, kv_heads=8), attention(1, 100, None, kv_heads=1)
    assert grouped.kv_bytes == 8 * single.kv_bytes
    assert grouped.macs == single.macs


@pytest.mark.parametrize(
    ("kind", "read", "written"),
    [(Kind.RMSNORM, 1, 1), (Kind.ADD_RMSNORM, 2, 2), (Kind.SILU_MUL, 2, 1), (Kind.RESIDUAL_ADD, 2, 1), (Kind.SAMPLING, 1, 0)],
)
def test_elementwise_traffic(kind: Kind, read: int, written: int) -> None:
    op = Elementwise("e", kind, 10, 100, 1, WIDE, WIDE)
    assert (op.bytes_read, op.bytes_written) == (read * 2000, written * 2000)


def test_quantize_writes_narrow_elements() -> None:
    op = Elementwise("q", Kind.QUANTIZE, 10, 100, 1, WIDE, parse_scheme("fp8").activation)
    assert (op.bytes_read, op.bytes_written) == (2000, 1000)


def test_combining_experts_reads_a_row_of_each_and_writes_one() -> None:
    op = Elementwise("c", Kind.MOE_COMBINE, 10, 800, 1, WIDE, WIDE, second_width=100)
    assert (op.bytes_read, op.bytes_written) == (16_000, 2_000)


def test_rope_turns_queries_and_keys() -> None:
    op = Elementwise("r", Kind.ROPE, 10, 4096, 1, WIDE, WIDE, second_width=1024)
    assert op.bytes_read == op.bytes_written == 10 * 5120 * 2


def test_a_4_bit_cache_write_carries_its_scales() -> None:
    op = Elementwise("w", Kind.KV_WRITE, 1, 16 * 128, 1, WIDE, parse_scheme("w4a8kv4").kv_cache, heads=16)
    assert op.kv_bytes == op.bytes_written == 16 * (128 * 4 + 32) / 8
    assert op.activation_bytes == op.bytes_read
