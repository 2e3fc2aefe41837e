"""Does the notation of the field mean what the field means by it?"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.formats import SCHEMES, Granularity, parse_scheme

AMPERE = ("tf32", "bf16", "fp16", "int8", "int4")
HOPPER = ("tf32", "bf16", "fp16", "fp8", "int8")


@pytest.mark.parametrize("name", SCHEMES)
def test_listed_names_are_canonical(name: str) -> None:
    assert parse_scheme(name).name == name


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("FP8", "fp8-dynamic"),
        ("fp8_dynamic", "fp8-dynamic"),
        ("fp8_block128", "fp8-block128"),
        ("w8a8_int8", "w8a8-int8"),
        ("W8A8", "w8a8-int8"),
        ("w8a8-fp8", "fp8-dynamic"),
        ("w8a8-fp8-static", "fp8-static"),
        ("w4a8kv4", "w4a8-kv4"),
        ("w4a8-kv4-g128", "w4a8-g128-kv4"),
        ("w4a16-g128-kv8", "w4a16-g128-kvint8"),
        ("fp8-kv8", "fp8-dynamic-kvfp8"),
        ("w16a16", "fp16"),
        ("w4a16-sym-g64", "w4a16-g64-sym"),
    ],
)
def test_spellings_of_one_scheme_share_a_name(spelling: str, name: str) -> None:
    assert parse_scheme(spelling).name == name
    assert parse_scheme(name) == parse_scheme(spelling)


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("bf16", 16),
        ("w8a16", 8),
        ("w4a16", 4),
        ("w4a16-g128", 4 + Fraction(16 + 4, 128)),
        ("w4a16-g128-sym", 4 + Fraction(16, 128)),
        ("w4a16-g32", 4 + Fraction(20, 32)),
        ("w4a8-g128", 4 + Fraction(8 + 4, 128)),
        ("fp8-block128", 8 + Fraction(32, 128 * 128)),
        ("mxfp4", Fraction(17, 4)),
        ("nvfp4", Fraction(9, 2)),
        ("nf4", 4 + Fraction(32, 64)),
        ("bitmod-fp3", 3 + Fraction(8 + 2, 128)),
        ("w2a8-ternary", 2),
    ],
)
def test_weight_bits_count_scales_and_zero_points(name: str, bits: Fraction) -> None:
    assert parse_scheme(name).weight_bits == bits


@pytest.mark.parametrize(
    ("name", "bits"), [("fp8-block128", Fraction(33, 4)), ("mxfp8", Fraction(33, 4)), ("fp8", 8), ("w4a16", 16)]
)
def test_activation_bits(name: str, bits: Fraction) -> None:
    assert parse_scheme(name).activation_bits == bits


@pytest.mark.parametrize(
    ("name", "cache"),
    [
        ("fp8", "bf16"),
        ("w4a16", "fp16"),
        ("fp8-kvfp8", "fp8-e4m3"),
        ("fp8-kv8", "fp8-e4m3"),
        ("w4a16-kv8", "int8"),
        ("w4a8kv4", "uint4"),
    ],
)
def test_kv_cache_is_16_bit_unless_given(name: str, cache: str) -> None:
    assert parse_scheme(name).kv_cache.format.name == cache


def test_a_4_bit_cache_counts_a_scale_and_a_zero_point_per_head() -> None:
    assert parse_scheme("w4a8kv4").kv_cache.bits_per_head(128) == 128 * 4 + 32


@pytest.mark.parametrize(
    ("name", "own_kernel"), [("fp8", True), ("fp8-static", False), ("w8a8", True), ("fp8-block128", True), ("w4a16", False)]
)
def test_dynamic_activation_scales_need_a_kernel_of_their_own(name: str, own_kernel: bool) -> None:
    assert parse_scheme(name).activation_quantize is own_kernel


@pytest.mark.parametrize(
    ("name", "converts"),
    [
        ("bf16", False),
        ("fp8", False),
        ("w8a8", False),
        ("nvfp4", False),
        ("w8a16", True),
        ("w4a8", True),
        ("mxfp4", True),
        ("nf4", True),
    ],
)
def test_conversion_is_needed_where_elements_differ(name: str, converts: bool) -> None:
    assert parse_scheme(name).needs_conversion is converts


@pytest.mark.parametrize(
    ("name", "operand"),
    [
        ("bf16", "bf16"),
        ("w4a16-g128", "fp16"),
        ("w8a16-fp8", "fp16"),
        ("w8a8", "int8"),
        ("w4a8", "int8"),
        ("w4a4", "int4"),
        ("mxfp4", "bf16"),
    ],
)
def test_ampere_runs_what_it_can(name: str, operand: str) -> None:
    assert parse_scheme(name).mma_operand(AMPERE) == operand


def test_fp8_runs_on_hopper_and_is_refused_on_ampere_with_a_way_out() -> None:
    assert parse_scheme("fp8").mma_operand(HOPPER) == "fp8"
    with pytest.raises(UnsupportedError, match=r"needs an fp8 operand.*'w8a16-fp8'"):
        parse_scheme("fp8").mma_operand(AMPERE)


@pytest.mark.parametrize("name", [name for name in SCHEMES if name not in ("fp8-dynamic",)])
def test_a_refusal_suggests_a_scheme_that_runs(name: str) -> None:
    try:
        parse_scheme(name).mma_operand(AMPERE)
    except UnsupportedError as refusal:
        suggestion = str(refusal).rsplit("'", 2)[1]
        assert parse_scheme(suggestion).mma_operand(AMPERE) == "fp16"


def test_block_scaled_fp8_has_square_blocks_of_weights_and_rows_of_activations() -> None:
    scheme = parse_scheme("fp8-block128")
    assert (scheme.weight.granularity, scheme.activation.granularity) == (Granularity.BLOCK, Granularity.GROUP)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("w4b16", "did you mean 'w4a16'"),
        ("", "is no head"),
        ("w9a16", "given 9"),
        ("w16a4", "wider than activations"),
        ("w4a16-g0", "at least one element"),
        ("w4a16-g128-g64", "contradict"),
        ("bf16-g128", "no groups"),
        ("w4a16-kv4-kv8", "contradict"),
        ("w4a16-kv5", "kv5"),
        ("w4a16-fp8", "8 bits"),
        ("w4a16-static", "no scales to choose"),
        ("nvfp5", "did you mean 'nvfp4'"),
        ("w4a16-g999999999999", "is no option"),
        ("w4a16-nf4-kv4-sym", "zero points"),
        ("w4a16-a8", "goes with a block format"),
        ("bf16-nf4", "cannot replace"),
        ("w3a16-nf4", "has 4 bits, the weights have 3"),
    ],
)
def test_a_malformed_name_is_one_error_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scheme(name)
    assert len(caught.value.problems) == 1
    assert reason in str(caught.value)
    assert "allowed: bf16" in str(caught.value)


@given(st.text(max_size=20))
def test_any_text_is_a_scheme_or_an_input_error(text: str) -> None:
    try:
        scheme = parse_scheme(text)
    except InputError:
        return
    assert parse_scheme(scheme.name) == scheme
