import pytest

from narrowgauge.archmodels.components import Components
from narrowgauge.archmodels.components.process import area_factor, energy_factor, nominal_supply_v


def test_between_nodes_area_is_interpolated() -> None:
    assert area_factor(28) == pytest.approx(0.46 + (0.21 - 0.46) * 4 / 12)


def test_energy_is_the_ratio_of_two_polynomials_of_the_supply() -> None:
    at_45 = 1.103 * 0.81 - 0.362 * 0.9 + 0.2767
    at_32 = 0.9559 * 0.64 - 0.7823 * 0.8 + 0.471
    assert energy_factor(32, 0.8, 45, 0.9) == pytest.approx(at_32 / at_45)


def test_below_the_smallest_node_area_and_energy_go_on_more_slowly() -> None:
    assert area_factor(5) == pytest.approx(0.059 * 5 / 7)
    assert energy_factor(5, 0.7, 7, 0.7) == pytest.approx((5 / 7) ** 0.5)


def test_no_node_costs_more_than_a_larger_one() -> None:
    nodes = (65, 45, 40, 32, 28, 20, 16, 14, 10, 7, 5, 4, 3)
    for cost in (lambda parts: parts.adder(16), lambda parts: parts.float_multiplier(10), lambda parts: parts.register(8)):
        energies = [cost(Components(node)).energy_pj for node in nodes]
        areas = [cost(Components(node)).area_um2 for node in nodes]
        assert energies == sorted(energies, reverse=True)
        assert areas == sorted(areas, reverse=True)


def test_the_supply_is_that_of_the_node() -> None:
    assert (nominal_supply_v(45), nominal_supply_v(5)) == (0.9, 0.7)
