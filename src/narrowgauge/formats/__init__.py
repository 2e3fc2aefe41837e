"""Number formats and quantization schemes: one record serves numerics and cost.

A `NumberFormat` (catalogue: `FORMATS`) says what a code stands for and what it costs to store. A `TensorFormat` adds how far
its scales reach. A `QuantScheme` gives one to each operand of a model and comes from the field's notation:
`parse_scheme("w4a16-g128")`.
Rounding arrays to a format is in `narrowgauge.formats.rounding`, which alone needs NumPy.
"""

from narrowgauge.formats.catalogue import FORMATS
from narrowgauge.formats.notation import SCHEMES, parse_scheme
from narrowgauge.formats.number import (
    BlockFormat,
    CodebookFormat,
    FloatFormat,
    IntFormat,
    MixtureFormat,
    NumberFormat,
    ScaleRule,
    Specials,
)
from narrowgauge.formats.scheme import QuantScheme
from narrowgauge.formats.tensor import Granularity, TensorFormat

__all__ = [
    "FORMATS",
    "SCHEMES",
    "BlockFormat",
    "CodebookFormat",
    "FloatFormat",
    "Granularity",
    "IntFormat",
    "MixtureFormat",
    "NumberFormat",
    "QuantScheme",
    "ScaleRule",
    "Specials",
    "TensorFormat",
    "parse_scheme",
]
