"""One memory under one stream of requests: what `narrowgauge memory` prints."""

from __future__ import annotations

from typing import Any

from narrowgauge.sim.dram import MemoryResult


def report(result: MemoryResult, stream: str) -> dict[str, Any]:
    """The figures of a run by the names of the JSON output; what is not known is None, `unavailable` says why."""
    energy = result.energy
    standard = result.standard
    return {
        "memory": standard.name,
        "stream": stream,
        "channels": result.channels,
        "mapping": result.controller.mapping,
        "policy": str(result.controller.policy),
        "refresh": str(result.controller.refresh),
        "overrides": list(standard.changed),
        "requests": result.requests,
        "cycles": result.cycles,
        "tck_ps": standard.tck_ps,
        "time_us": result.time_us,
        "bandwidth_gb_per_s": result.bandwidth_gb_per_s,
        "pin_gb_per_s": standard.pin_gb_per_s * result.channels,
        "share_of_pins": result.share_of_pins,
        "latency_ns": {"mean": result.latency_ns(), "p50": result.latency_ns(0.5), "p99": result.latency_ns(0.99)},
        "row_hits": result.row_hits,
        "row_hit_share": result.row_hits / result.row_requests,
        "commands": dict(result.counts),
        "energy_pj": {
            "total": energy.total_pj,
            "commands": dict(energy.command_pj),
            "background": energy.background_pj,
        },
        "energy_pj_per_bit": None if energy.total_pj is None else energy.total_pj / (result.data_bytes * 8),
        "unavailable": list(energy.unavailable),
    }
