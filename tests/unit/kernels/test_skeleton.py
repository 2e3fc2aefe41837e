"""Is the specification that `measure` writes one that narrowgauge reads?"""

from dataclasses import replace
from pathlib import Path

import pytest
from paper_gpu import PROPERTIES

from narrowgauge.archmodels import load_machine
from narrowgauge.archmodels.specification import load_specification
from narrowgauge.kernels.campaign import describe
from narrowgauge.kernels.skeleton import BASES, file_name, skeleton
from narrowgauge.kernels.telemetry import Reading

H200 = replace(
    PROPERTIES, sm_count=132, memory_bytes=150_000_000_000, l2_bytes=60 * 2**20, memory_clock_mhz=3201, memory_bus_bits=6144
)

SHARED_KB = {"sm80": 164, "sm86": 100, "sm89": 100, "sm90": 228}  #: of an SM; CUDA C++ Programming Guide


@pytest.mark.parametrize("architecture", BASES)
@pytest.mark.parametrize("limit_w", [700.0, None])
def test_a_machine_is_built_from_it(tmp_path: Path, architecture: str, limit_w: float | None) -> None:
    properties = replace(
        H200, architecture=architecture, boost_clock_mhz=1980, shared_bytes_per_sm=SHARED_KB[architecture] * 1024
    )
    machine = describe(properties, Reading(default_power_limit_w=limit_w, driver="580.1"), "quick", "13.0").machine
    path = tmp_path / file_name(properties)
    path.write_text(skeleton(properties, machine))
    assert path.name == "nvidia-paper-90.yaml"
    assert load_machine(str(path)) is not None
    numbers = load_specification(path).quantities
    assert numbers["chip.sm_count"].value == 132
    assert numbers["dram.bandwidth_gb_per_s"].value == pytest.approx(4917, rel=1e-3)
    assert (numbers["sm.smem_kb"].value, numbers["sm.registers_kb"].value) == (SHARED_KB[architecture], 256)
    assert "580.1" in numbers["l2.capacity_mb"].source
