"""Cycles and energy of PE arrays worked out by hand."""

import pytest

from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.archmodels.units.unit import MatrixTask
from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.formats import parse_scheme


def task(m: int, n: int, k: int, scheme: str) -> MatrixTask:
    return MatrixTask(m, n, k, parse_scheme(scheme))


def test_a_mac_array_covers_outputs_and_walks_along_the_sum() -> None:
    done = load_unit("fp16-mac").service(task(25, 33, 10, "fp16"))  # 24 × 32 PEs: 2 × 2 sets of outputs
    assert done.cycles == 2 * 2 * 10
    assert done.energy_pj["pe_array"] == pytest.approx(40 * 24 * 32 * 0.77 * 1.5)


@pytest.mark.parametrize(("scheme", "terms"), [("w8a16-g128", 4), ("w6a16-g128", 3), ("bitmod-fp4", 2), ("bitmod-fp3", 2)])
def test_bitmod_takes_a_cycle_per_term_of_four_products(scheme: str, terms: int) -> None:
    assert load_unit("bitmod").service(task(32, 32, 512, scheme)).cycles == 512 / 4 * terms


def test_bitmod_hides_the_scaling_of_groups_of_128_and_not_of_8() -> None:
    unit = load_unit("bitmod")
    hidden = unit.service(task(32, 32, 1024, "w4a16-g128-sym"))
    assert hidden.bound_by == "pe_array"
    assert hidden.busy_cycles["group_scale"] == 1024 / 128 * 8
    exposed = unit.service(task(32, 32, 1024, "w4a16-g8-sym"))  # 8 cycles of scaling for 4 of products
    assert exposed.bound_by == "group_scale"
    assert exposed.cycles == 1024
    assert unit.macs_per_cycle(parse_scheme("w4a16-g8-sym")) == 1024


def test_stripes_gains_with_narrow_activations_and_loom_with_both() -> None:
    size = (64, 512, 1024)
    stripes, loom = load_unit("stripes"), load_unit("loom")
    assert stripes.service(task(*size, "w8a8")).cycles == 2 * stripes.service(task(*size, "w4a4")).cycles
    assert loom.service(task(*size, "w8a8")).cycles == 4 * loom.service(task(*size, "w4a4")).cycles
    assert loom.service(task(*size, "w8a8")).cycles == 2 * loom.service(task(*size, "w4a8")).cycles


def test_narrow_operands_fill_the_lanes_of_a_fused_pe() -> None:
    unit = load_unit("mixpe-int8")  # 32 × 32 PEs of 8 bit that split into 4 bit
    assert [unit.macs_per_cycle(parse_scheme(scheme)) for scheme in ("w8a8", "w4a8", "w4a4")] == [1024, 2048, 4096]


def test_half_empty_lanes_gain_nothing() -> None:
    unit = load_unit("mixpe-w4a8")  # 64 rows of PEs: two lanes each are 128 rows
    narrow, wide = (unit.service(task(64, 128, 1000, scheme)).busy_cycles["pe_array"] for scheme in ("w4a4", "w4a8"))
    assert narrow == wide == 1000


def test_dequantisation_before_the_product_and_after_it() -> None:
    before = load_unit("mixpe-int8").service(task(64, 1024, 1024, "w8a8"))
    assert before.busy_cycles["dequantise"] == 1024 * 1024 * 64 / 8 / 1024
    after = load_unit("mixpe-w4a8").service(task(64, 1024, 1024, "w4a4-g128-sym"))
    assert after.actions["group_scale"] == 64 * 1024 * 8
    assert after.busy_cycles["group_scale"] == 64 * 1024 * 8 / (4096 * 8)


def test_shift_add_counts_queries_shifts_and_table_entries() -> None:
    done = load_unit("shift-add").service(task(1, 2, 16, "w3a16"))
    assert (done.actions["query"], done.actions["shift"], done.actions["table"]) == (2 * 2 * 3, 2 * 3, 2)
    assert done.total_energy_pj == pytest.approx(12 * 0.37 + (12 + 6) * 0.4 + 6 * 0.15 + 2 * 255 * 0.4)


def test_a_systolic_unit_has_the_cycles_of_its_array() -> None:
    assert load_unit("systolic-16").service(task(64, 64, 64, "bf16")).cycles == 1504


@pytest.mark.parametrize(
    ("name", "scheme", "reason"),
    [
        ("fp16-mac", "w4a16", "takes? no int4 weights"),
        ("bitmod", "nf4", "no nf4 weights"),
        ("bitmod", "w8a8", "no int8 activations"),
        ("mixpe-w4a16", "bf16", "no bf16 weights"),
    ],
)
def test_formats_are_refused_by_name(name: str, scheme: str, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        load_unit(name).service(task(8, 8, 8, scheme))


def test_an_unknown_format_in_a_specification_is_named_with_its_line(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: bitmod\nunit: bit_serial\nweights: int4 fp44\n")
    with pytest.raises(InputError, match=r"mine\.yaml:3: weights: unknown format 'fp44'"):
        load_unit(path)
