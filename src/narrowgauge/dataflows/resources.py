"""What a kernel's closed form may know of a GPU: plain numbers, already merged from specification, fit and override."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from narrowgauge import units
from narrowgauge.dataflows.unit import TensorUnit


@dataclass(frozen=True)
class GpuResources:
    """The resources of one GPU. Per-SM rates are per SM clock cycle; `architecture` is the compute capability ("sm80")."""

    name: str
    architecture: str
    sm_count: int
    #: resident warps and CTAs of one SM, and the share of the tensor peak that `mma.sync` reaches
    max_warps: int
    max_ctas: int
    mma_sync_fraction: float
    #: boost clock, and the clock behind the vendor's tensor peak
    clock_mhz: float
    tensor_clock_mhz: float
    #: dense multiply-accumulates per SM and cycle by operand format ("fp16", "bf16", "fp8", "int8", "int4"); absent = not there
    tensor_macs: Mapping[str, float]
    #: results per SM and cycle by instruction class ("fp32", "fp16x", "lop3", "prmt", "cvt_other", "sfu", "shfl", ...)
    alu_results: Mapping[str, float]
    dram_gb_per_s: float
    memory_gb: float
    l2_mb: float
    l2_bytes_per_sm_cycle: float
    registers_kb_per_sm: float
    l2_port_bytes_per_cycle: float  # of one SM
    smem_kb_per_sm: float
    smem_bytes_per_sm_cycle: float
    l2_latency_cycles: float
    dram_latency_cycles: float
    #: cost of one kernel in a CUDA graph, and of one launched into a stream
    graph_launch_us: float
    stream_launch_us: float
    #: unidirectional bandwidth to the peers of one node; 0 where there is no such link
    link_gb_per_s: float
    link_latency_us: float
    tdp_w: float
    static_w: float
    #: energy per action in picojoule ("dram_byte", "l2_byte", "smem_byte", "link_byte", "mac_fp16", "alu_fp32", ...)
    energy_pj: Mapping[str, float]
    #: what stands in the tensor core's place for the schemes that it supports
    unit: TensorUnit | None = None

    @property
    def cycles_per_us(self) -> float:
        """SM cycles in a microsecond at the boost clock."""
        return self.clock_mhz

    @property
    def dram_bytes_per_us(self) -> float:
        """DRAM bytes in a microsecond at the pins."""
        return self.dram_gb_per_s * units.BYTES_PER_GB / units.US_PER_S

    @property
    def l2_bytes(self) -> float:
        """Capacity of the L2 cache."""
        return self.l2_mb * units.BYTES_PER_MB
