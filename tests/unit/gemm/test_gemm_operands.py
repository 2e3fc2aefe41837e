"""What does a scheme mean for a GEMM kernel: bytes, operand, conversion instructions, rate, or a refusal?"""

import pytest

from narrowgauge.dataflows.conversion import CODECS, codec_of, cycles_per_weight, instructions_per_weight
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import GEMM, operands_of
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import FORMATS, parse_scheme


def mix(scheme, operand):
    return instructions_per_weight(parse_scheme(scheme), operand)


@pytest.mark.parametrize(
    ("scheme", "operand", "expected"),
    [
        ("bf16", "bf16", {}),
        ("fp8-dynamic", "fp8", {}),
        ("w8a8-int8", "int8", {}),
        ("w4a16", "fp16", CODECS["int4-f16"]),
        ("w8a16", "fp16", CODECS["int8-f16"]),
        ("w3a16", "fp16", CODECS["int3-f16"]),
        ("w8a16-fp8", "fp16", CODECS["fp8-e4m3-f16"]),
        ("w4a8", "int8", CODECS["int4-int8"]),
        ("w4a8-fp8", "fp8", CODECS["fp4-prmt-fp8"]),
    ],
)
def test_conversion_mix(scheme, operand, expected):
    assert mix(scheme, operand) == expected


def test_a_group_scale_is_one_more_multiply_per_weight():
    assert mix("w4a16-g128", "fp16") == {"lop3": 0.5, "shift": 0.125, "fp16x": 2.0}


def test_integer_sums_take_group_scales_after_the_product():
    assert mix("w4a8-g128", "int8") == CODECS["uint4-scaled-int8"]  # groups have a zero point, which the conversion takes off


@pytest.mark.parametrize("scheme", ["nf4", "bitmod-fp3"])
def test_codebooks_are_looked_up(scheme):
    assert mix(scheme, "fp16") == CODECS["nf4-prmt-f16"] | {"fp16x": 1.0}


def test_a_conversion_that_nobody_wrote_is_refused():
    with pytest.raises(UnsupportedError, match="no known instruction sequence turns int4 weights into fp4 operands"):
        mix("w4a16", "fp4")


def test_an_unknown_element_is_refused_by_name():
    with pytest.raises(UnsupportedError, match="fp8-e4m3"):
        codec_of(FORMATS["fp8-e4m3"], "int8")


def test_cycles_are_results_over_rates(gpu):
    # 0.5 / 64 + 0.125 / 32 + 1 / 256
    assert cycles_per_weight(mix("w4a16", "fp16"), gpu()) == pytest.approx(0.0078125 + 0.00390625 + 0.00390625)


@pytest.mark.parametrize(
    ("scheme", "operand", "weight", "activation", "output"),
    [
        ("bf16", "bf16", 2.0, 2.0, 2.0),
        ("w4a16", "fp16", 0.5, 2.0, 2.0),
        ("w4a16-g128", "fp16", (4 + (16 + 4) / 128) / 8, 2.0, 2.0),  # a 16-bit scale and a 4-bit zero point per 128 weights
        ("w8a8-int8", "int8", 1.0, 1.0, 2.0),
        ("w4a4", "int4", 0.5, 0.5, 2.0),
    ],
)
def test_bytes_per_element(gpu, scheme, operand, weight, activation, output):
    found = operands_of(Variant(scheme, ""), gpu("sm80"))
    assert found.operand == operand
    assert (found.weight_bytes, found.activation_bytes, found.output_bytes) == (weight, activation, output)


def test_block_scales_are_stored_for_both_operands(gpu):
    found = operands_of(Variant("fp8-block128", ""), gpu("sm90"))
    assert found.weight_bytes == 1 + 4 / 128**2  # one FP32 scale per 128 × 128 weights
    assert found.activation_bytes == 1 + 4 / 128  # and one per 128 activations of a token


@pytest.mark.parametrize(
    ("scheme", "weight_only", "promotes", "quantizes"),
    [
        ("bf16", False, False, False),
        ("w4a16", True, False, False),
        ("w8a8-int8", False, False, False),  # its activations are quantised by a kernel that is priced apart
        ("w4a8-g128", False, True, False),
        ("fp8-static", False, False, False),
        ("fp8-dynamic", False, False, True),
        ("fp8-block128", False, True, True),
    ],
)
def test_kind_of_kernel(gpu, scheme, weight_only, promotes, quantizes):
    found = operands_of(Variant(scheme, ""), gpu("sm90"))
    assert (found.weight_only, found.promotes, found.quantizes) == (weight_only, promotes, quantizes)


def test_fp8_on_ampere_is_refused_with_a_remedy(gpu):
    with pytest.raises(UnsupportedError, match=r"needs an fp8 operand, which this hardware lacks.*'w8a16-fp8'"):
        operands_of(Variant("fp8-dynamic", ""), gpu("sm80"))


def test_int4_products_on_hopper_are_refused_with_a_remedy(gpu):
    with pytest.raises(UnsupportedError, match="'w4a16'"):
        operands_of(Variant("w4a4", ""), gpu("sm90"))


def test_converted_weights_cannot_be_fed_by_wgmma(gpu, defaults):
    machine = gpu("sm90")

    def macs(precision):
        variant = Variant(precision, "")
        return GEMM.numbers(variant, machine, defaults(GEMM, variant, machine) | {"tensor_efficiency": 1.0}).tensor_macs

    assert macs("fp16") == 1000 * 800 / 1000  # the vendor's peak is quoted at 800 MHz, cycles are counted at 1000
    assert macs("w4a16") == macs("fp16") * machine.mma_sync_fraction


def test_conversion_scale_multiplies_the_counted_cycles(gpu, defaults):
    machine, variant = gpu(), Variant("w4a16", "")
    params = defaults(GEMM, variant, machine) | {"convert_scale": 3.0}
    assert GEMM.numbers(variant, machine, params).convert_cycles == pytest.approx(3 * (0.0078125 + 2 * 0.00390625))


@pytest.mark.parametrize(
    ("architecture", "precision", "library", "present", "absent"),
    [
        ("sm80", "bf16", "trtllm", {"gemv_us"}, {"convert_scale", "promote_scale", "quantize_us"}),
        ("sm80", "w4a16", "trtllm", {"gemv_us", "convert_scale"}, {"promote_scale", "quantize_us"}),
        ("sm90", "fp8-dynamic", "vllm", {"quantize_us"}, {"gemv_us", "convert_scale", "promote_scale"}),
        ("sm90", "fp8-block128", "sglang", {"quantize_us", "promote_scale"}, {"gemv_us", "convert_scale"}),
    ],
)
def test_a_kernel_has_the_parameters_of_what_it_does(gpu, architecture, precision, library, present, absent):
    names = {p.name for p in GEMM.parameters(Variant(precision, library), gpu(architecture))}
    assert present <= names and not absent & names
