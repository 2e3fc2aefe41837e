"""Every specification that ships keeps the contract: it loads, every number says where it is from, and the numbers agree."""

import pytest

from narrowgauge.archmodels import Machine, describe, energy_mj, load_machine, machine_names
from narrowgauge.archmodels.catalogue import shipped
from narrowgauge.archmodels.schema import ActionEnergy, AluRates, rules
from narrowgauge.provenance import Kind

NAMES = (
    "a100-pcie-40gb",
    "a100-pcie-80gb",
    "a100-sxm-40gb",
    "a100-sxm-80gb",
    "h100-pcie",
    "h100-sxm",
    "h200-sxm",
    "h800-pcie",
    "l40s",
    "rtx-3090",
    "rtx-4070",
    "rtx-4090",
)


@pytest.fixture(params=machine_names())
def machine(request: pytest.FixtureRequest) -> Machine:
    return load_machine(request.param)


def test_promised_names_ship() -> None:
    assert set(NAMES) <= set(machine_names())


def test_energy_tables_are_all_used() -> None:
    used = {name for spec in machine_names() for name in load_machine(spec).specification.files if name.startswith("energy/")}
    assert used == {f"energy/{name}.yaml" for name in shipped("energy")}


def test_every_number_has_unit_source_and_kind(machine: Machine) -> None:
    for path, quantity in machine.quantities.items():
        assert quantity.unit == rules()[path].unit
        assert isinstance(quantity.kind, Kind)
        assert len(quantity.source) > len("NVIDIA"), path
        assert quantity.note or not quantity.kind.unmeasured, path


def test_tensor_peak_is_the_quoted_one(machine: Machine) -> None:
    gpu = machine.resources
    quoted = {path.rpartition(".")[2]: q.value for path, q in machine.quantities.items() if path.startswith("quoted_peak_tops.")}
    assert quoted
    for name, peak in quoted.items():
        assert gpu.tensor_macs[name] * gpu.sm_count * gpu.tensor_clock_mhz * 1e6 * 2 / 1e12 == pytest.approx(peak, rel=0.01), name


@pytest.mark.parametrize(
    ("name", "number_format", "tera_ops"),
    [
        ("a100-sxm-80gb", "fp16", 312),
        ("a100-pcie-40gb", "int8", 624),
        ("h100-sxm", "bf16", 989),
        ("h100-sxm", "fp8", 1979),
        ("h100-pcie", "fp16", 756),
        ("h200-sxm", "int8", 1979),
        ("l40s", "fp8", 733),
        ("rtx-4090", "int8", 660.6),
        ("rtx-4090", "fp16", 165.2),
        ("rtx-4090", "fp16_f16acc", 330.3),
    ],
)
def test_tensor_peak_is_the_vendors(name: str, number_format: str, tera_ops: float) -> None:
    gpu = load_machine(name).resources
    peak = gpu.tensor_macs[number_format] * gpu.sm_count * gpu.tensor_clock_mhz * 2e-6
    assert peak == pytest.approx(tera_ops, rel=0.01)


@pytest.mark.parametrize(
    ("name", "absent"),
    [("a100-sxm-80gb", "fp8"), ("rtx-3090", "fp8"), ("h100-sxm", "int4"), ("h200-sxm", "int4"), ("h100-sxm", "fp4")],
)
def test_formats_without_instruction_are_absent(name: str, absent: str) -> None:
    assert absent not in load_machine(name).resources.tensor_macs


def test_dram_pins_are_of_this_decade(machine: Machine) -> None:
    gbit_per_pin = 8 * machine.value("dram.bandwidth_gb_per_s") / machine.value("dram.bus_bits")
    low, high = {"HBM": (2.0, 9.8), "GDD": (12.0, 24.0), "LPD": (3.2, 9.6)}[machine.specification.texts["dram.type"][:3]]
    assert low <= gbit_per_pin <= high


def test_on_chip_bandwidths_are_ordered(machine: Machine) -> None:
    gpu = machine.resources
    l2_gb_per_s = gpu.l2_bytes_per_sm_cycle * gpu.sm_count * gpu.clock_mhz / 1e3
    smem_gb_per_s = gpu.smem_bytes_per_sm_cycle * gpu.sm_count * gpu.clock_mhz / 1e3
    assert gpu.dram_gb_per_s < l2_gb_per_s < smem_gb_per_s
    assert gpu.l2_latency_cycles < gpu.dram_latency_cycles


def test_every_format_and_instruction_class_has_an_energy(machine: Machine) -> None:
    gpu = machine.resources
    actions = [f"mac_{name}" for name in gpu.tensor_macs] + [f"alu_{name}" for name in gpu.alu_results]
    energy, _ = energy_mj(dict.fromkeys([*actions, "dram_byte", "l2_byte", "smem_byte", "link_byte"], 1.0), 0.0, gpu)
    assert energy > 0


def test_energy_of_work_at_full_rate_stays_near_the_power_budget(machine: Machine) -> None:
    """All of one resource at its peak draws more than nothing and less than twice the board's cap, which binds."""
    gpu = machine.resources
    mac_w = gpu.energy_pj["mac_fp16"] * gpu.tensor_macs["fp16"] * gpu.sm_count * gpu.tensor_clock_mhz * 1e-6
    dram_w = (gpu.energy_pj["dram_byte"] + gpu.energy_pj["l2_byte"]) * gpu.dram_gb_per_s * 1e-3
    assert 0.1 * gpu.tdp_w < gpu.static_w + mac_w < 2 * gpu.tdp_w
    assert 0.1 * gpu.tdp_w < gpu.static_w + dram_w < 2 * gpu.tdp_w


def test_description_lists_what_nobody_measured(machine: Machine) -> None:
    description = describe(machine)
    assert len(description.rows) == len(machine.quantities)
    assert {row.kind for row in description.unmeasured} <= {"derived", "assumed"}
    assert "energy_pj.mac_fp16" in {row.path for row in description.unmeasured}


def test_schema_names_an_energy_for_every_instruction_class() -> None:
    classes = {name.removeprefix("alu_") for name in ActionEnergy.model_fields if name.startswith("alu_")}
    assert classes - {"int"} == set(AluRates.model_fields)
