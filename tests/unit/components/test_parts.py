import pytest

from narrowgauge.archmodels.components import Components, Cost
from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.formats import FORMATS


def test_costs_add_and_multiply() -> None:
    assert 3 * Cost(2.0, 0.5) + Cost(1.0, 0.25) == Cost(7.0, 1.75)


@pytest.mark.parametrize(("bits", "published_um2"), [(8, 36), (32, 137)])
def test_full_adders_of_the_library_give_the_published_area_of_additions(bits: int, published_um2: float) -> None:
    assert Components(45).adder(bits).area_um2 == pytest.approx(published_um2, rel=0.06)


@pytest.mark.parametrize(("node", "add_pj", "multiply_pj"), [(45, 0.03, 0.2), (7, 0.007, 0.07)])
def test_published_integer_energies_come_back(node: int, add_pj: float, multiply_pj: float) -> None:
    parts = Components(node)
    assert parts.adder(8).energy_pj == pytest.approx(add_pj)
    assert parts.multiplier(8).energy_pj == pytest.approx(multiply_pj)


def test_published_float_energies_and_areas_come_back() -> None:
    parts = Components(45)
    assert (parts.float_adder(23).energy_pj, parts.float_adder(23).area_um2) == pytest.approx((0.9, 4184))
    assert (parts.float_multiplier(10).energy_pj, parts.float_multiplier(10).area_um2) == pytest.approx((1.1, 1640))


def test_bf16_at_7_nm_which_no_table_holds_is_close_to_the_published_one() -> None:
    parts = Components(7)  # Jouppi et al., ISCA 2021: 0.11 and 0.21 pJ
    assert parts.add(FORMATS["bf16"]).energy_pj == pytest.approx(0.11, rel=0.03)
    assert parts.multiply(FORMATS["bf16"], FORMATS["bf16"]).energy_pj == pytest.approx(0.21, rel=0.07)


def test_a_multiplier_is_gates_and_all_rows_of_adders_but_the_first() -> None:
    parts = Components(45)
    assert parts.multiplier(3, 2).area_um2 == pytest.approx(6 * 1.064 + 3 * 4.256)
    assert parts.multiplier(1, 1).area_um2 == pytest.approx(1.064)


def test_a_multiplexer_is_the_smaller_of_two_circuits() -> None:
    parts = Components(45)
    assert parts.multiplexer(2, 16).area_um2 == pytest.approx(min(16 * 1.862, 16 * 1.33 + 2 * 1.064))
    assert parts.multiplexer(8, 8).area_um2 == pytest.approx(8 * (4 * 1.33 + 3 * 0.798) + 8 * 1.064)
    assert parts.multiplexer(1, 8) == Cost(0.0, 0.0)


def test_a_shifter_has_a_row_for_every_doubling() -> None:
    assert Components(45).shifter(24, 17).area_um2 == pytest.approx(5 * 24 * 1.862)


def test_a_mac_is_its_multiplier_adder_and_register() -> None:
    parts = Components(28)
    mac = parts.mac(FORMATS["int4"], FORMATS["int8"], FORMATS["int32"])
    assert mac == parts.multiplier(4, 8) + parts.adder(32) + parts.register(32)


def test_an_integer_codebook_multiplies_like_the_integer_that_holds_it() -> None:
    parts = Components(28)
    assert parts.multiply(FORMATS["ternary"], FORMATS["int8"]) == parts.multiplier(2, 8)
    assert parts.multiply(FORMATS["flint4"], FORMATS["int8"]) == parts.multiplier(6, 8)


def test_a_format_without_arithmetic_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="nf4 has no arithmetic"):
        Components(28).add(FORMATS["nf4"])


def test_a_lower_supply_takes_less_energy_and_no_area() -> None:
    usual, low = Components(28), Components(28, supply_v=0.7)
    assert low.adder(16).energy_pj < usual.adder(16).energy_pj
    assert low.adder(16).area_um2 == usual.adder(16).area_um2


@pytest.mark.parametrize("node", [0.5, 90])
def test_unknown_nodes_are_refused(node: float) -> None:
    with pytest.raises(InputError, match="allowed: 1 to 65"):
        Components(node)


def test_impossible_sizes_and_supplies_are_refused() -> None:
    with pytest.raises(InputError, match="given 0"):
        Components(28).adder(0)
    with pytest.raises(InputError, match="supply_v"):
        Components(28, supply_v=0)
