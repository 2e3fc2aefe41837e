"""Numbers that are fine alone and impossible together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from narrowgauge.provenance import Quantity

#: (smaller, larger): the first may not exceed the second
ORDERED = (
    ("clock.base_mhz", "clock.boost_mhz"),
    ("clock.tensor_peak_mhz", "clock.boost_mhz"),
    ("sm.smem_kb", "sm.l1_smem_kb"),
    ("l2.latency_near_cycles", "l2.latency_far_cycles"),
    ("l2.latency_near_cycles", "dram.latency_cycles"),
    ("launch.graph_us", "launch.stream_us"),
    ("power.idle_w", "power.static_w"),
    ("power.static_w", "power.tdp_w"),
)
RATES, ENERGIES = "tensor_macs_per_sm_cycle.", "energy_pj.mac_"


def contradictions(numbers: Mapping[str, Quantity]) -> Iterator[tuple[str, str]]:
    """Path and fault of every pair of numbers that cannot both be true."""
    for low, high in ORDERED:
        if numbers[low].value > numbers[high].value:
            yield low, f"is {numbers[low]}, more than {high} = {numbers[high]}"
    rates = [path.removeprefix(RATES) for path in numbers if path.startswith(RATES)]
    for name in rates:
        if f"{ENERGIES}{name}" not in numbers:
            yield f"{RATES}{name}", f"has no energy, give {ENERGIES}{name} as well"
