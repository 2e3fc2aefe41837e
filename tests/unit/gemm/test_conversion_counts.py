"""Are the counted instructions those of machine code, and does every format of a weight have a codec?"""

import pytest

from narrowgauge.dataflows.conversion import CODECS, codec_of
from narrowgauge.formats import FORMATS
from narrowgauge.formats.number import BlockFormat
from narrowgauge.kernels import codec_catalogue, codecs

#: names that the suite counts under, and results of one instruction
CLASSES = {"half2": ("fp16x", 2), "fadd": ("fp32", 1), "iadd": ("int32_add", 1), "imad": ("int32_mad", 1)}
NARROW = [name for name, form in FORMATS.items() if not isinstance(form, BlockFormat) and form.bits <= 8 and name != "e8m0"]


@pytest.mark.parametrize("name", CODECS)
def test_counts_are_those_of_the_compiled_codec(name: str) -> None:
    codec = codecs.CODECS[name]
    counted = {}
    for kind, number in codec.work.items():
        results, each = CLASSES.get(kind, (kind, 1))
        counted[results] = number * each / codec.weights
    assert counted == pytest.approx(CODECS[name])


def test_the_catalogue_of_codecs_is_filled() -> None:
    assert codec_catalogue.CODECS is codecs.CODECS


@pytest.mark.parametrize("name", NARROW)
def test_every_narrow_format_becomes_a_half(name: str) -> None:
    assert codec_of(FORMATS[name], "fp16") in CODECS
    assert codec_of(FORMATS[name], "bf16") in CODECS


@pytest.mark.parametrize(
    ("element", "operand", "codec"),
    [
        ("int5", "fp16", "int3-f16"),
        ("bitmod-fp3", "bf16", "nf4-prmt-f16"),
        ("flint4", "fp16", "flint4-prmt-f16"),
        ("nf4", "int8", "int4-prmt-fp8"),
    ],
)
def test_a_format_without_a_codec_goes_by_its_relative(element: str, operand: str, codec: str) -> None:
    assert codec_of(FORMATS[element], operand) == codec
