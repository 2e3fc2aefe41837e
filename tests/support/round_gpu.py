"""A GPU of round numbers, from which hand-worked cases follow: 100 SMs at 1 GHz, 2 TB/s, 40 MB of L2."""

from typing import Any

from narrowgauge.dataflows.resources import GpuResources

PLAIN: dict[str, Any] = {
    "architecture": "sm80",
    "sm_count": 100,
    "max_warps": 64,
    "max_ctas": 32,
    "mma_sync_fraction": 1.0,
    "clock_mhz": 1000.0,
    "tensor_clock_mhz": 1000.0,
    "tensor_macs": {"bf16": 1000.0, "fp16": 1000.0},
    "alu_results": {"fp32": 100.0, "sfu": 10.0, "lop3": 64.0},
    "dram_gb_per_s": 2000.0,
    "memory_gb": 80.0,
    "l2_mb": 40.0,
    "l2_bytes_per_sm_cycle": 40.0,
    "registers_kb_per_sm": 256.0,
    "l2_port_bytes_per_cycle": 64.0,
    "smem_kb_per_sm": 160.0,
    "smem_bytes_per_sm_cycle": 128.0,
    "l2_latency_cycles": 250.0,
    "dram_latency_cycles": 600.0,
    "graph_launch_us": 1.3,
    "stream_launch_us": 2.5,
    "link_gb_per_s": 0.0,
    "link_latency_us": 0.0,
    "tdp_w": 400.0,
    "static_w": 60.0,
    "energy_pj": {},
}


def round_gpu(**changes: Any) -> GpuResources:
    """The GPU with other numbers where `changes` names them."""
    known = PLAIN | changes
    return GpuResources(**{"name": f"round-{known['architecture']}"} | known)
