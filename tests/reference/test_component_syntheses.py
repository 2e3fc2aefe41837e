"""Do counted cells give the areas that others synthesised? Nothing here calibrates the tables of components."""

import pytest

from narrowgauge.archmodels.components import Components
from narrowgauge.archmodels.units.array import ArrayUnit
from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.formats import parse_scheme

#: hsharma35/bitfusion commit 04ec1c8, results/systolic_array_synth.csv: fixed-width units at 45 nm; widths of sums are assumed
BIT_FUSION_UM2 = [(2, 12, 124.9), (4, 16, 282.2), (8, 32, 687.6), (16, 48, 2203.2)]


@pytest.mark.parametrize(("bits", "sum_bits", "published_um2"), BIT_FUSION_UM2)
def test_integer_units_of_bit_fusion(bits: int, sum_bits: int, published_um2: float) -> None:
    parts = Components(45)
    unit = parts.multiplier(bits) + parts.adder(sum_bits) + parts.register(2 * bits + sum_bits)
    assert unit.area_um2 == pytest.approx(published_um2, rel=0.16)


@pytest.mark.parametrize(
    ("name", "within"), [("tensor-core-int8-28nm", 0.02), ("tensor-core-fp16-28nm", 0.05), ("lut-4x", 0.1), ("lut-8x", 0.1)]
)
def test_tensor_cores_at_28_nm(name: str, within: float) -> None:
    unit = load_unit(name)
    assert isinstance(unit, ArrayUnit)
    assert sum(unit.modelled_area_um2().values()) == pytest.approx(unit.total_area_um2, rel=within)


def test_energy_of_lookups_at_28_nm() -> None:
    published_tops_per_w = 33.32  # LUT Tensor Core, arXiv 2408.06003v3, table 1
    assert 2 / load_unit("lut-4x").pj_per_mac(parse_scheme("w2a8")) == pytest.approx(published_tops_per_w, rel=0.02)
