"""L-Mul (Luo and Sun, arXiv 2410.00907): energy of products by integer addition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels.catalogue import UNIT
from narrowgauge.archmodels.specification import load_specification
from narrowgauge.archmodels.units.lmul import LMulArray
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import FORMATS, FloatFormat
from narrowgauge.registry import canonical


@dataclass(frozen=True)
class Case:
    """One floating-point format; sums are kept in FP32."""

    format: Annotated[str, "floating-point format of both operands"] = "fp32"


def predict(case: Case) -> Mapping[str, float]:
    """The parts of an L-Mul PE against those of a multiply-accumulate, from one component library."""
    floats = [name for name, fmt in FORMATS.items() if isinstance(fmt, FloatFormat) and fmt.mantissa]
    if canonical(case.format) not in floats:
        raise InputError([Problem("format", f"given '{case.format}', {nearest(case.format, floats)}")])
    fmt, unit = FORMATS[case.format], LMulArray(load_specification("lmul-bf16", LMulArray.schema, UNIT))
    parts = unit.components
    multiplication, product = parts.multiply(fmt, fmt), unit.multiply(fmt)
    adder = parts.add(unit.accumulate)
    return {
        "multiplication_saved": 1 - product.energy_pj / multiplication.energy_pj,
        "dot_product_saved": 1 - (product + adder).energy_pj / (multiplication + adder).energy_pj,
    }


EXPERIMENT = Experiment(
    "lmul",
    Case,
    predict,
    {
        "multiplication_saved": Measure("x", "share of the energy of a multiplication that is saved"),
        "dot_product_saved": Measure("x", "share of the energy of a multiplication and the addition to a sum that is saved"),
    },
)
