"""LUT Tensor Core (Mo et al., ISCA 2025), the hardware: peaks, area, power, the tile of an array, dot products.

Latencies of models on GPUs with that unit: `lut_tensor_core`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.archmodels.units.array import ArrayUnit
from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.archmodels.units.tile_search import power_mw, search
from narrowgauge.archmodels.units.unit import Unit
from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import FORMATS, IntFormat, QuantScheme, parse_scheme
from narrowgauge.formats.number import NumberFormat

Switch = Literal["as specified", "yes", "no"]
WIDEST_BITS, LONGEST_SUM = 8, 8
UM2_PER_MM2 = 1e6
MOPS_PER_TOPS = 1e6


@dataclass(frozen=True)
class Case:
    """One question about one unit."""

    study: Annotated[
        Literal["tensor core", "array", "tile", "dot product", "length", "widest weights", "against multipliers"],
        "the unit in an SM; one array, its best tile, it against multipliers; a dot product, its best length, its widest weights",
    ] = "tensor core"
    design: Annotated[str, "name or file of a unit"] = "lut-8x"
    on: Annotated[str, "hardware whose SMs the unit stands in"] = "a100-sxm-80gb"
    weights: Annotated[str, "format of weights; int1 to int8 for integers"] = "int2"
    activations: Annotated[str, "format of activations"] = "int8"
    clock_mhz: Annotated[float, "clock of one array; an SM's units have that of their specification"] = 1000.0
    held_bits: Annotated[int, "bits of a weight that an array holds (studies of one array)"] = 4
    symmetric: Annotated[Switch, "tables halved by reinterpreting weights"] = "as specified"
    index_inversion: Annotated[Switch, "circuits in every lookup unit that invert its index"] = "as specified"
    precompute: Annotated[Switch, "tables built in the array"] = "as specified"
    table_registers: Annotated[Switch, "registers in the array hold the tables"] = "as specified"
    size: Annotated[int, "m × n × k of one array (study of the tile)"] = 512
    columns: Annotated[int, "dot products that share an activation"] = 4
    length: Annotated[int, "terms of a dot product"] = 4


def predict(case: Case) -> Mapping[str, float]:
    """The figures that a study has."""
    load_gpu(case.on)  # studies of one array need none, but a name that is wrong is wrong there too
    return STUDIES[case.study](case)


def _tensor_core(case: Case) -> dict[str, float]:
    unit, scheme, gpu = _array_unit(case.design), _scheme(case.weights, case.activations), load_gpu(case.on)
    sms = gpu.value("chip.sm_count")
    per_sm_mm2 = unit.per_sm * unit.total_area_um2 / UM2_PER_MM2
    peak = _tops(unit, scheme) * unit.per_sm * sms
    return {
        "peak_tops": peak,
        "density_tops_per_mm2": peak / (per_sm_mm2 * sms),
        "modelled_mm2_per_sm": unit.per_sm * sum(unit.modelled_area_um2().values()) / UM2_PER_MM2,
        "tops_per_w": 2 / unit.pj_per_mac(scheme),
    }


def _array(case: Case) -> dict[str, float]:
    unit, scheme = _varied(case), _scheme(case.weights, case.activations)
    whole = unit.with_(**{"table.symmetric": 0, "table.index_inversion": 0, "table.precompute": 1})
    area, power = unit.total_area_um2, power_mw(unit, scheme)
    return {
        "area_um2": area,
        "power_mw": power,
        "compute_intensity_x": whole.total_area_um2 / area,
        "power_efficiency_x": power_mw(whole, scheme) / power,
        "tops_per_w": 2 / unit.pj_per_mac(scheme),
        "share_of_fp16_tensor_core": area / sum(_array_unit("tensor-core-fp16-28nm").modelled_area_um2().values()),
    }


def _against_multipliers(case: Case) -> dict[str, float]:
    """One array, and as many multipliers of its activations as it has one-bit products a cycle."""
    unit = _varied(case)
    kind = case.activations.partition("-")[0]
    shape = load_unit(f"tensor-core-{kind}-28nm").with_(clock_mhz=case.clock_mhz)
    products = {u: u.count("array.m") * u.count("array.n") * u.count("array.k") for u in (unit, shape)}
    multipliers = shape.with_(**{"array.n": shape.count("array.n") * products[unit] // products[shape]})
    uniform = _scheme(case.activations, case.activations)
    return {
        "area_saving_x": multipliers.total_area_um2 / unit.total_area_um2,
        "power_saving_x": power_mw(multipliers, uniform) / power_mw(unit, _scheme(case.weights, case.activations)),
    }


def _tile(case: Case) -> dict[str, float]:
    best = search(_varied(case), _scheme(case.weights, case.activations), case.size)[0]
    return {"tile_m": best.m, "tile_n": best.n, "tile_k": best.k}


def _dot_product(case: Case) -> dict[str, float]:
    unit = _row(case, case.length, case.held_bits)
    return {"density_tops_per_mm2": _density(unit, _scheme(case.weights, case.activations))}


def _length(case: Case) -> dict[str, float]:
    scheme = _scheme(case.weights, case.activations)
    density = {k: _density(_row(case, k, case.held_bits), scheme) for k in range(1, LONGEST_SUM + 1)}
    return {"best_length": max(density, key=lambda k: density[k])}


def _widest_weights(case: Case) -> dict[str, float]:
    """The last width at which the design, built for that width, does more per area than multipliers of its activations."""
    multipliers = Case(design="dot-fp16-28nm", clock_mhz=case.clock_mhz, held_bits=16, columns=case.columns)
    mac = _row(multipliers, case.length, multipliers.held_bits)
    bar = _density(mac, _scheme("fp16", "fp16"))
    for bits in range(1, WIDEST_BITS + 1):
        unit = _row(case, case.length, bits)
        if _density(unit, _scheme(f"int{bits}", case.activations)) <= bar:
            return {"widest_weight_bits": bits - 1}
    return {"widest_weight_bits": WIDEST_BITS}


STUDIES = {
    "tensor core": _tensor_core,
    "array": _array,
    "tile": _tile,
    "against multipliers": _against_multipliers,
    "dot product": _dot_product,
    "length": _length,
    "widest weights": _widest_weights,
}


def _array_unit(name: str) -> ArrayUnit:
    unit = load_unit(name)
    if isinstance(unit, ArrayUnit):
        return unit
    raise InputError([Problem("design", f"{unit.name} is no array of lookup units or dot products")])


def _varied(case: Case) -> ArrayUnit:
    """One array of the design with the switches of the case."""
    changes = {"array.count": 1, "weight_bits": case.held_bits, "clock_mhz": case.clock_mhz}
    unit = _array_unit(case.design).with_(**changes)
    given = {name: getattr(case, name) for name in ("symmetric", "index_inversion", "precompute")}
    given["registers"] = case.table_registers
    return unit.with_(**{f"table.{name}": float(said == "yes") for name, said in given.items() if said != "as specified"})


def _row(case: Case, length: int, held_bits: int) -> ArrayUnit:
    """`columns` dot products of one row of activations."""
    unit = _varied(replace(case, held_bits=held_bits))
    return unit.with_(**{"array.m": 1, "array.n": case.columns, "array.k": length})


def _tops(unit: Unit, scheme: QuantScheme) -> float:
    return 2 * unit.macs_per_cycle(scheme) * unit.value("clock_mhz") / MOPS_PER_TOPS


def _density(unit: Unit, scheme: QuantScheme) -> float:
    return _tops(unit, scheme) / (unit.total_area_um2 / UM2_PER_MM2)


def _scheme(weights: str, activations: str) -> QuantScheme:
    """Weights of one format, integers of any width, a scale per channel, under activations of another."""
    base = parse_scheme("w8a8-int8")
    weight, activation = _format("weights", weights), _format("activations", activations)
    return replace(
        base,
        name=f"{weights}-{activations}",
        weight=replace(base.weight, format=weight),
        activation=replace(base.activation, format=activation),
    )


def _format(field: str, name: str) -> NumberFormat:
    integer = re.fullmatch(r"int([1-9][0-9]?)", name)
    if integer and name not in FORMATS:
        return IntFormat(name, int(integer[1]))
    try:
        return FORMATS[name]
    except InputError as error:
        raise InputError(Problem(field, problem.what) for problem in error.problems) from error


EXPERIMENT = Experiment(
    "lut-hardware",
    Case,
    predict,
    {
        "peak_tops": Measure("Top/s", "all SMs of the GPU at the unit's clock"),
        "density_tops_per_mm2": Measure("Top/s/mm2", "peak over area, the synthesised one where it was published"),
        "modelled_mm2_per_sm": Measure("mm2", "area of the units of one SM from components alone"),
        "tops_per_w": Measure("Top/s/W", "operations per energy of the busy unit, from components alone"),
        "area_um2": Measure("um2", "one array"),
        "power_mw": Measure("mW", "one busy array"),
        "compute_intensity_x": Measure("x", "area of the array with whole tables that it builds itself, over this one's"),
        "power_efficiency_x": Measure("x", "its power over this one's"),
        "share_of_fp16_tensor_core": Measure(
            "ratio", "area of the array over that of an A100's FP16 tensor core, both from components"
        ),
        "area_saving_x": Measure("x", "area of as many multipliers of the activations' format, over the array's"),
        "power_saving_x": Measure("x", "their power over the array's"),
        "tile_m": Measure("count", "rows of the array with the least area × power"),
        "tile_n": Measure("count", "its columns"),
        "tile_k": Measure("count", "its activations to a table"),
        "best_length": Measure("count", "length of the dot product with the highest density"),
        "widest_weight_bits": Measure("bit", "widest weights with which it beats the density of FP16 multipliers"),
    },
)
