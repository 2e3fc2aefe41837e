import pytest

from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.archmodels.units.unit import MatrixTask
from narrowgauge.formats import parse_scheme


def test_multipliers_take_one_cycle_whatever_the_integer_weight() -> None:
    unit = load_unit("tensor-core-int8-28nm")
    assert unit.service(MatrixTask(8, 4, 16, parse_scheme("w8a8-int8"))).cycles == 1
    assert unit.service(MatrixTask(8, 4, 16, parse_scheme("w4a8"))).cycles == 1


def test_additions_take_a_cycle_for_every_bit() -> None:
    assert load_unit("add-fp16-28nm").service(MatrixTask(1, 4, 4, parse_scheme("w3a16"))).cycles == 3


def test_the_adders_of_a_tree_grow_with_its_levels() -> None:
    unit = load_unit("tensor-core-int8-28nm").with_(**{"array.m": 1, "array.n": 1, "array.k": 4, "node_nm": 45})
    assert unit.area_um2()["adders"] == pytest.approx((2 * 17 + 18 + 32) * 4.256)
    assert unit.area_um2()["multipliers"] == pytest.approx(4 * (64 * 1.064 + 56 * 4.256))


def test_a_dot_product_without_tables_has_no_multiplier_where_it_adds() -> None:
    assert "multipliers" not in load_unit("add-fp16-28nm").area_um2()


@pytest.mark.parametrize(
    ("unit", "scheme", "reason"),
    [
        ("tensor-core-fp16-28nm", "w4a16", "int4 weights would have to be converted to fp16"),
        ("tensor-core-fp16-28nm", "w8a8-int8", "int8 activations, it takes fp16"),
        ("add-fp16-28nm", "nf4", "no integers"),
    ],
)
def test_formats_that_need_a_conversion_are_refused(unit: str, scheme: str, reason: str) -> None:
    refusal = load_unit(unit).refusal(parse_scheme(scheme))
    assert refusal is not None
    assert reason in refusal
