"""Layers of a machine: specification, fit, what-if override; nothing is overwritten, everything is recorded."""

import dataclasses
import pickle

import pytest

from narrowgauge.archmodels import describe, load_machine
from narrowgauge.errors import InputError
from narrowgauge.provenance import Kind, Quantity

BANDWIDTH = "dram.bandwidth_gb_per_s"
FITTED = Quantity(3000.0, "GB/s", "least squares on 100 rows", Kind.FITTED)


def test_resources_are_the_specification() -> None:
    gpu = load_machine("h100-sxm").resources
    assert (gpu.name, gpu.architecture, gpu.sm_count) == ("h100-sxm", "sm90", 132)
    assert (gpu.clock_mhz, gpu.tensor_clock_mhz, gpu.dram_gb_per_s, gpu.memory_gb) == (1980, 1830, 3350, 80)
    assert gpu.l2_latency_cycles == pytest.approx((280 + 414.1) / 2)
    assert (gpu.smem_kb_per_sm, gpu.link_gb_per_s, gpu.tdp_w) == (228, 450, 700)
    assert gpu.alu_results["cvt_other"] == 16


def test_override_makes_a_new_machine_and_is_recorded() -> None:
    machine = load_machine("h100-sxm")
    faster = machine.with_(**{BANDWIDTH: 4000, "chip.sm_count": 144})
    assert machine.resources.dram_gb_per_s == 3350
    assert (faster.resources.dram_gb_per_s, faster.resources.sm_count) == (4000, 144)
    first = faster.overrides[0]
    assert (first.path, first.old, first.new.value, first.new.kind) == (
        BANDWIDTH,
        machine.quantity(BANDWIDTH),
        4000,
        Kind.ASSUMED,
    )


def test_overrides_stack_and_remember() -> None:
    machine = load_machine("h100-sxm").with_(**{BANDWIDTH: 4000}).with_(**{BANDWIDTH: 5000})
    assert machine.value(BANDWIDTH) == 5000
    assert [change.old and change.old.value for change in machine.overrides] == [3350, 4000]


def test_machine_is_frozen() -> None:
    machine = load_machine("h100-sxm")
    with pytest.raises(dataclasses.FrozenInstanceError):
        machine.overrides = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        machine.resources.tensor_macs["fp16"] = 1.0  # type: ignore[index]


def test_bad_overrides_are_reported_together() -> None:
    with pytest.raises(InputError) as caught:
        load_machine("h100-sxm").with_(
            **{"dram.bandwith": 1, "chip.sm_count": 0, "clock.boost_mhz": float("nan"), "power.tdp_w": "much"}  # type: ignore[arg-type]
        )
    messages = [str(problem) for problem in caught.value.problems]
    assert messages[0].startswith("dram.bandwith: unknown parameter, did you mean 'dram.bandwidth_gb_per_s'?")
    assert messages[1:] == [
        "chip.sm_count: value 0 count is impossible, allowed: 1 to 100000 count",
        "clock.boost_mhz: value nan is not finite",
        "power.tdp_w: value 'much' is not a number",
    ]


def test_what_if_may_add_a_format() -> None:
    machine = load_machine("h100-sxm").with_(**{"tensor_macs_per_sm_cycle.fp4": 8192, "energy_pj.mac_fp4": 0.3})
    assert machine.resources.tensor_macs["fp4"] == 8192
    assert machine.overrides[0].old is None


def test_fit_lies_between_specification_and_override() -> None:
    machine = load_machine("h100-sxm").with_(**{BANDWIDTH: 4000}).with_fit({BANDWIDTH: FITTED})
    assert machine.value(BANDWIDTH) == 4000
    assert [(layer, quantity.value) for layer, quantity in machine.provenance(BANDWIDTH)] == [
        ("specification", 3350),
        ("fit", 3000),
        ("what-if override", 4000),
    ]
    assert [layer.name for layer in machine.layers] == ["specification", "fit", "what-if override"]


def test_fit_says_that_it_contradicts_the_datasheet() -> None:
    machine = load_machine("h100-sxm").with_fit({BANDWIDTH: FITTED})
    (row,) = (row for row in describe(machine).rows if row.path == BANDWIDTH)
    assert (row.value, row.kind, row.layer) == (3000, "fitted", "fit")
    assert row.note == "the specification says 3350 GB/s (datasheet), -10.4%"
    assert row not in describe(machine).unmeasured


def test_second_fit_keeps_the_first() -> None:
    clock = Quantity(1755.0, "MHz", "least squares on 100 rows", Kind.FITTED)
    machine = load_machine("h100-sxm").with_fit({BANDWIDTH: FITTED}).with_fit({"clock.tensor_peak_mhz": clock})
    assert (machine.value(BANDWIDTH), machine.resources.tensor_clock_mhz) == (3000, 1755)


def test_bad_fit_is_reported() -> None:
    bad = {
        "dram.speed": FITTED,
        "clock.boost_mhz": FITTED,
        "power.tdp_w": Quantity(-1.0, "W", "a fit", Kind.FITTED),
        BANDWIDTH: dataclasses.replace(FITTED, kind=Kind.ASSUMED),
    }
    with pytest.raises(InputError) as caught:
        load_machine("h100-sxm").with_fit(bad)
    text = str(caught.value)
    assert "dram.speed: unknown parameter" in text
    assert "clock.boost_mhz: unit 'GB/s' does not fit, allowed: MHz" in text
    assert "power.tdp_w: value -1 W is impossible" in text
    assert "a fit holds fitted or measured numbers, not assumed ones" in text


def test_unknown_path_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"h100-sxm has no such parameter, did you mean 'clock\.boost_mhz'\?"):
        load_machine("h100-sxm").value("clock.boost")


def test_equal_machines_compare_and_hash_equal() -> None:
    one, other = (load_machine("h100-sxm").with_(**{BANDWIDTH: 4000}) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != load_machine("h100-sxm")


def test_machines_travel_between_processes() -> None:
    machine = load_machine("h100-sxm").with_(**{BANDWIDTH: 4000})
    there = pickle.loads(pickle.dumps(machine))
    assert there == machine
    assert hash(there.resources) == hash(machine.resources)
