"""Does every unit that ships keep the contract of a unit, whatever the formats?"""

import math
from functools import cache

import pytest

from narrowgauge.archmodels.units.catalogue import kinds, load_unit, unit_names
from narrowgauge.archmodels.units.unit import MatrixTask, Service
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import SCHEMES, parse_scheme

EXTRA = (
    *("w6a16-g128", "w5a16", "w2a8", "w2a8-fp8", "w3a16-g128-sym", "w4a8-g128-sym"),
    *("w4a4-g128-sym", "mxfp4-a4", "fp16", "w8a8"),
)
SCHEME_NAMES = tuple(dict.fromkeys((*SCHEMES, *EXTRA)))
SIZES = ((1, 1, 1), (1, 4096, 4096), (64, 512, 1024), (100, 300, 500), (17, 33, 129))
GROWN = ((2, 1, 1), (1, 2, 1), (1, 1, 2))


@cache
def supported(name: str) -> tuple[str, ...]:
    return tuple(scheme for scheme in SCHEME_NAMES if load_unit(name).supports(parse_scheme(scheme)))


def service(name: str, scheme: str, m: int, n: int, k: int) -> Service:
    return load_unit(name).service(MatrixTask(m, n, k, parse_scheme(scheme)))


every_unit = pytest.mark.parametrize("name", unit_names())
every_pair = pytest.mark.parametrize(("name", "scheme"), [(name, scheme) for name in unit_names() for scheme in supported(name)])


def test_every_kind_has_a_specification() -> None:
    assert {load_unit(name).texts["unit"] for name in unit_names()} == set(kinds())


@every_unit
def test_it_can_do_something_and_not_everything(name: str) -> None:
    assert 0 < len(supported(name)) < len(SCHEME_NAMES)


@every_unit
@pytest.mark.parametrize("scheme", SCHEME_NAMES)
def test_what_it_cannot_do_it_refuses_with_the_same_reason_everywhere(name: str, scheme: str) -> None:
    unit, formats = load_unit(name), parse_scheme(scheme)
    reason = unit.refusal(formats)
    if reason is None:
        return
    assert reason
    for refused in (unit.macs_per_cycle, unit.tile, lambda it: unit.service(MatrixTask(1, 1, 1, it))):
        with pytest.raises(UnsupportedError) as caught:
            refused(formats)
        assert reason in str(caught.value)


@every_pair
@pytest.mark.parametrize("size", SIZES)
def test_its_figures_are_finite_and_not_negative(name: str, scheme: str, size: tuple[int, int, int]) -> None:
    done = service(name, scheme, *size)
    figures = [done.cycles, done.total_energy_pj, *done.busy_cycles.values(), *done.energy_pj.values(), *done.actions.values()]
    assert all(math.isfinite(figure) and figure >= 0 for figure in figures)
    assert done.cycles > 0
    assert done.total_energy_pj > 0


@every_pair
@pytest.mark.parametrize("size", SIZES)
def test_it_is_never_faster_than_its_peak(name: str, scheme: str, size: tuple[int, int, int]) -> None:
    task = MatrixTask(*size, parse_scheme(scheme))
    assert load_unit(name).service(task).cycles >= task.macs / load_unit(name).macs_per_cycle(task.scheme) * (1 - 1e-9)


@every_pair
def test_what_bounds_it_is_one_of_its_parts_and_no_part_works_longer_than_the_whole(name: str, scheme: str) -> None:
    done = service(name, scheme, 64, 512, 1024)
    assert done.bound_by in done.busy_cycles
    assert max(done.busy_cycles.values()) <= done.cycles * (1 + 1e-9)


@every_pair
@pytest.mark.parametrize("grown", GROWN)
def test_more_work_takes_no_less_time_and_energy(name: str, scheme: str, grown: tuple[int, int, int]) -> None:
    for size in SIZES:
        small = service(name, scheme, *size)
        large = service(name, scheme, *(length * factor for length, factor in zip(size, grown, strict=True)))
        assert large.cycles >= small.cycles
        assert large.total_energy_pj >= small.total_energy_pj * (1 - 1e-9)


@every_pair
def test_asking_twice_gives_the_same_answer(name: str, scheme: str) -> None:
    assert service(name, scheme, 100, 300, 500) == service(name, scheme, 100, 300, 500)


@every_pair
def test_a_tile_covers_at_least_one_product(name: str, scheme: str) -> None:
    unit, formats = load_unit(name), parse_scheme(scheme)
    assert min(unit.tile(formats)) >= 1
    assert unit.macs_per_cycle(formats) > 0
    assert unit.pj_per_mac(formats) > 0


@every_unit
def test_it_has_an_area(name: str) -> None:
    area = load_unit(name).area_um2()
    assert area
    assert all(math.isfinite(part) and part >= 0 for part in area.values())
    assert load_unit(name).total_area_um2 == pytest.approx(sum(area.values()))
    assert load_unit(name).total_area_um2 > 0


@every_unit
def test_a_variant_is_another_unit(name: str) -> None:
    unit = load_unit(name)
    path = next(path for path, quantity in unit.quantities.items() if quantity.unit == "count" and quantity.value > 1)
    variant = unit.with_(**{path: unit.value(path) - 1})
    assert variant.value(path) == unit.value(path) - 1
    assert unit.value(path) == load_unit(name).value(path)
