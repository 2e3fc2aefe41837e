import itertools

import pytest

from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.archmodels.units.tile_search import power_mw, search
from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.formats import parse_scheme

W2A8 = parse_scheme("w2a8")


def test_every_array_of_the_size_is_tried_and_the_cheapest_comes_first() -> None:
    unit = load_unit("unpu").with_(weight_bits=2)
    found = search(unit, W2A8, 64)
    sizes = [(m, n, k) for m, n, k in itertools.product(range(1, 65), repeat=3) if m * n * k == 64 and k <= 16]
    assert sorted((c.m, c.n, c.k) for c in found) == sorted(sizes)

    def cost(m: int, n: int, k: int) -> float:
        variant = unit.with_(**{"array.m": m, "array.n": n, "array.k": k})
        return variant.total_area_um2 * power_mw(variant, W2A8)

    assert found[0].cost == pytest.approx(min(cost(*size) for size in sizes))


def test_power_is_energy_times_clock() -> None:
    unit = load_unit("lut")
    pj_per_cycle = unit.pj_per_mac(W2A8) * 256
    assert power_mw(unit, W2A8) == pytest.approx(pj_per_cycle)  # at 1 GHz a pJ a cycle is a mW
    assert power_mw(unit.with_(clock_mhz=500), W2A8) == pytest.approx(pj_per_cycle / 2)


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(InputError, match="size"):
        search(load_unit("lut"), W2A8, 0)
    with pytest.raises(UnsupportedError):
        search(load_unit("lut"), parse_scheme("w4a16"), 512)
