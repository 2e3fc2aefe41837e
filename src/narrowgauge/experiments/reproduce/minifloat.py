"""Minifloats on FPGAs (Aggarwal et al., FPL 2024): the fabric that a minifloat costs beside an integer of the same width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels.components import Components
from narrowgauge.archmodels.units.fpga_mac import mac_luts
from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.formats import FORMATS, FloatFormat, IntFormat, Specials

NARROWEST, WIDEST = 3, 8  # bits, the range of the paper
NODE_NM = 28.0


@dataclass(frozen=True)
class Case:
    """A minifloat of one sign bit, and how many products a sum has."""

    exponent: Annotated[int, "bits of the exponent"] = 4
    mantissa: Annotated[int, "stored bits of the mantissa", Within(0, 7)] = 3
    terms: Annotated[int, "products of a sum"] = 1024


def predict(case: Case) -> Mapping[str, float]:
    """LUTs in fabric, and cell area at 28 nm, of a multiply-accumulate; over those of integers as wide as the minifloat."""
    bits = 1 + case.exponent + case.mantissa
    if case.exponent < 1 or case.mantissa < 0 or not NARROWEST <= bits <= WIDEST:
        what = f"given {case.exponent} and {case.mantissa}, allowed: at least 1 and 0, with the sign {NARROWEST} to {WIDEST} bit"
        raise InputError([Problem("exponent and mantissa", what)])
    bias = 2 ** (case.exponent - 1) - 1
    minifloat = FloatFormat(f"e{case.exponent}m{case.mantissa}", case.exponent, case.mantissa, bias, Specials.NONE)
    integer = IntFormat(f"int{bits}", bits)
    luts, plain = (mac_luts(fmt, fmt, case.terms) for fmt in (minifloat, integer))
    parts, fp32, int32 = Components(NODE_NM), FORMATS["fp32"], FORMATS["int32"]
    area = parts.mac(minifloat, minifloat, fp32).area_um2 / parts.mac(integer, integer, int32).area_um2
    return {"luts": luts, "lut_ratio": luts / plain, "cell_area_ratio": area, "integer_is_cheaper": float(plain < luts)}


EXPERIMENT = Experiment(
    "minifloat",
    Case,
    predict,
    {
        "integer_is_cheaper": Measure("1", "1 where integers of the same width take fewer LUTs, else 0"),
        "luts": Measure("LUT", "six-input LUTs of a multiply-accumulate"),
        "lut_ratio": Measure("x", "LUTs over those of integers of the same width"),
        "cell_area_ratio": Measure("x", "area of standard cells at 28 nm with a sum in FP32, over integers with one in INT32"),
    },
)
