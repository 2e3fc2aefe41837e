from pathlib import Path

import pytest

from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.archmodels.units.lut import LutTensorCore, table_additions
from narrowgauge.archmodels.units.unit import MatrixTask
from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.formats import parse_scheme

W2A8 = parse_scheme("w2a8")


def lut(name: str = "lut") -> LutTensorCore:
    unit = load_unit(name)
    assert isinstance(unit, LutTensorCore)
    return unit


def test_a_step_takes_a_cycle_for_every_bit_of_a_weight() -> None:
    service = lut().service(MatrixTask(2, 64, 4, W2A8))
    assert service.cycles == 2
    assert service.actions["lookups"] == 2 * 64 * 2
    assert lut().service(MatrixTask(2, 64, 4, parse_scheme("w4a8"))).cycles == 4


def test_steps_are_dealt_out_to_the_arrays() -> None:
    task = MatrixTask(2, 64 * 5, 4, W2A8)  # five steps
    assert lut().service(task).cycles == 10
    assert lut("lut-4x").service(task).cycles == 4
    assert lut("lut-4x").macs_per_cycle(W2A8) == 4 * 512 / 2


def test_ternary_weights_are_two_bits() -> None:
    assert lut().macs_per_cycle(parse_scheme("w2a8-ternary")) == lut().macs_per_cycle(W2A8)


def test_each_way_of_building_a_table_needs_its_additions() -> None:
    assert [table_additions(k, symmetric=False) for k in (1, 2, 3, 4)] == [0, 1, 4, 11]  # subsets of two and more
    assert [table_additions(k, symmetric=True) for k in (1, 2, 3, 4)] == [0, 2, 6, 12]


def test_reinterpreted_weights_halve_the_table() -> None:
    assert (lut("unpu").entries, lut().entries) == (16, 8)
    whole, half = lut("unpu").area_um2(), lut("unpu").with_(**{"table.symmetric": 1}).area_um2()
    assert half["tables"] == pytest.approx(whole["tables"] / 2)
    assert half["multiplexers"] < whole["multiplexers"]


def test_every_step_from_unpu_on_takes_less_area_and_energy() -> None:
    inverted = lut("unpu").with_(**{"table.symmetric": 1, "table.index_inversion": 1})
    steps = [lut("unpu"), inverted, inverted.with_(**{"table.index_inversion": 0}), lut()]
    assert [unit.total_area_um2 for unit in steps] == sorted((unit.total_area_um2 for unit in steps), reverse=True)
    assert [unit.pj_per_mac(W2A8) for unit in steps] == sorted((unit.pj_per_mac(W2A8) for unit in steps), reverse=True)


def test_lookup_units_are_priced_part_by_part() -> None:
    area = lut().with_(node_nm=45, weight_bits=2).area_um2()
    select = 8 * (4 * 1.33 + 3 * 0.798) + 8 * 1.064
    assert area["multiplexers"] == pytest.approx(128 * (select + 8 * 1.596))
    assert area["accumulators"] == pytest.approx(128 * 16 * (4.256 + 4.522))
    assert area["weights"] == pytest.approx(4 * 64 * 2 * 4.522)
    assert area["tables"] == pytest.approx(2 * 8 * 8 * 4.522)


def test_a_synthesised_area_holds_for_the_specification_as_it_stands() -> None:
    unit = lut("lut-8x")
    assert unit.total_area_um2 * unit.per_sm == pytest.approx(0.373e6)
    variant = unit.with_(**{"array.m": 2})
    assert variant.total_area_um2 == pytest.approx(sum(unit.modelled_area_um2().values()))


def test_activations_stream_as_their_share_of_a_table() -> None:
    assert lut("lut-4x").activation_bits(W2A8) == 8 * 8 / 4
    assert lut("lut-a16").activation_bits(parse_scheme("w4a16")) == (8 * 8 + 16) / 4
    assert lut("unpu").activation_bits(W2A8) == 8


def test_the_operator_before_it_makes_the_tables() -> None:
    made = lut().precompute(m=3, k=10)
    assert (made.tables, made.additions, made.table_bytes) == (9, 9 * 12, 72)
    assert lut("unpu").precompute(m=3, k=10).additions == 0


@pytest.mark.parametrize(
    ("unit", "scheme", "reason"),
    [
        ("lut", "w4a16", "fp16 activations, it takes int8"),
        ("lut", "w8a8-int8", "weights of 8 bits, it holds 4"),
        ("lut-a16", "nf4", "nf4 weights are no integers"),
        ("lut-a16", "w4a16-g6", "a scale per 6 weights"),
    ],
)
def test_formats_that_it_cannot_do_are_refused_with_the_reason(unit: str, scheme: str, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        lut(unit).service(MatrixTask(8, 8, 8, parse_scheme(scheme)))


def test_a_specification_names_formats_that_exist(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("title: mine\nbase: lut\nactivations: int8, fp61\nentry: nf4\n")
    with pytest.raises(InputError, match=r"(?s)unknown format 'fp61'.*'nf4' is neither"):
        load_unit(path)


def test_a_table_over_more_activations_than_anybody_can_build_is_refused() -> None:
    with pytest.raises(InputError, match=r"array\.k.*allowed: 1 to 16"):
        lut().with_(**{"array.k": 40})
