"""A GPU of round numbers for the GEMM family: 100 SMs at 1 GHz, 2 TB/s."""

import pytest
from round_gpu import round_gpu

from narrowgauge.dataflows.gemm_search import Numbers
from narrowgauge.dataflows.resources import GpuResources

#: 1024 MACs per cycle and SM, 64 B per cycle into one SM and 4096 into all, bf16 operands, nothing fitted that hides a term
PLAIN = Numbers(
    sm_count=100.0,
    cycles_per_us=1000.0,
    tensor_macs=1024.0,
    l2_sm_bytes=64.0,
    l2_bytes=4096.0,
    dram_bytes_per_us=2e6,
    write_bytes_per_us=1e6,
    l2_capacity=1.0,
    smem_bytes=163840.0,
    accumulator_bytes=131072.0,
    step_latency=600.0,
    fill_latencies=1.0,
    store_bytes=16.0,
    cta_cycles=50.0,
    split_us=2.0,
    split_traffic=1.0,
    launch_us=3.0,
    ramp_us=0.0,
    ramp_bytes=4e6,
    weight_copies=4.0,
    exposed_step=0.1,
    exposed_dram=0.1,
    refetch=1.0,
    power_drop=0.0,
    power_time_us=1000.0,
    gemv_max_m=4.0,
    gemv_us=1.0,
    gemv_dram_bytes_per_us=2e6,
    gemv_macs_per_us=1e7,
    gemv_chain_us=1e-3,
    quantize_us=0.0,
    quantize_bytes_per_us=1e6,
    quantize_row_us=0.0,
    activation_bytes=2.0,
    weight_bytes=2.0,
    output_bytes=2.0,
    step_k=64.0,
    convert_cycles=0.0,
    promote_cycles=0.0,
)


#: results per SM and cycle of the instructions that conversion counts
RATES = {"fp32": 128.0, "fp16x": 256.0, "lop3": 64.0, "int32_mad": 64.0, "shift": 32.0, "prmt": 64.0, "int32_add": 64.0}


def build_gpu(architecture: str = "sm80", **changes) -> GpuResources:
    macs = {"bf16": 1000.0, "fp16": 1000.0, "int8": 2000.0} | ({"int4": 4000.0} if architecture == "sm80" else {"fp8": 2000.0})
    own = {"mma_sync_fraction": 0.5, "tensor_clock_mhz": 800.0, "tensor_macs": macs, "alu_results": RATES}
    return round_gpu(**{"architecture": architecture} | own | changes)


@pytest.fixture
def plain() -> Numbers:
    """What the search reads, in round numbers."""
    return PLAIN


@pytest.fixture(scope="session")
def gpu():
    """Builds a GPU of round numbers."""
    return build_gpu


@pytest.fixture(scope="session")
def defaults():
    """The unfitted parameters of a family's variant."""
    return lambda family, variant, gpu: {p.name: p.initial for p in family.parameters(variant, gpu)}
