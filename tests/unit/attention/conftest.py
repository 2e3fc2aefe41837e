"""Machines and rows for the attention families."""

import numpy as np
import pytest

from narrowgauge.dataflows.resources import GpuResources


def build_machine(architecture: str, **changes) -> GpuResources:
    macs = {"sm80": {"bf16": 1000.0, "fp16": 1000.0}, "sm89": {"bf16": 500.0, "fp16": 500.0, "fp8": 1000.0}}
    plain = {
        "name": f"test-{architecture}",
        "architecture": architecture,
        "sm_count": 100,
        "max_warps": 64,
        "max_ctas": 32,
        "mma_sync_fraction": 1.0,
        "clock_mhz": 1000.0,
        "tensor_clock_mhz": 1000.0,
        "tensor_macs": macs.get(architecture, {"bf16": 2000.0, "fp16": 2000.0, "fp8": 4000.0}),
        "alu_results": {"fp32": 100.0, "sfu": 10.0},
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
    return GpuResources(**{**plain, **changes})


def build_columns(**values):
    """Rows of equal length from scalars and lists; unnamed columns are one sequence of a small GQA model."""
    plain = {
        "batch_size": 1,
        "isl": 1,
        "num_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "step": 0,
        "window_size": 0,
    }
    arrays = np.broadcast_arrays(*(np.asarray(v) for v in {**plain, **values}.values()), np.zeros(1))
    return dict(zip({**plain, **values}, arrays, strict=False))


def initial_values(family, variant, gpu):
    return {p.name: p.initial for p in family.parameters(variant, gpu)}


@pytest.fixture(scope="session")
def machine():
    """A GPU of round numbers: 100 SMs at 1 GHz."""
    return build_machine


@pytest.fixture(scope="session")
def columns():
    """Rows from scalars and lists."""
    return build_columns


@pytest.fixture(scope="session")
def defaults():
    """The unfitted parameters of a family's variant."""
    return initial_values
