"""What tells one low-bit GEMM kernel from another, as data: tiles, splits, pipeline, and the work that turns weights into
operands.

Only what the source of a kernel says stands here. What silicon adds (bandwidths, overheads, how far counted instructions are from
spent ones) is taken from the calibrated kernels of the same machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from narrowgauge.dataflows.gemm_profiles import ANY_M, GemmProfile, Tile
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError

Counts = Mapping[str, float]

#: threads that keep an SM's register file full at 128 registers each
THREADS_PER_SM = 512
HALF_BYTES = 2.0
HALF_SUMS = "fp16_f16acc"  # the tensor core's rate with FP16 accumulation, in specifications where it differs


@dataclass(frozen=True)
class LowBitKernel:
    """A kernel of one library.

    `conversion`: instruction results per weight by class, for each precision (its name without the group size, or with it
    where that changes the loop). `threads` of a CTA. `stages` of the asynchronous copy pipeline, 1 where loads are waited
    for; then `dependent_loads` names the memories whose latencies follow one another in a step. `step_k`: elements of K in a
    step. `convert_rows`: rows of a tile that one conversion serves. `through_shared`: converted weights are written to shared
    memory and read back, each access taking `bank_ways` passes. `partial_bytes` of a partial sum that splits exchange;
    `split_slots`: CTAs per place on the GPU up to which the library splits. `calibrated_as`: precision of the calibrated
    kernels whose fitted numbers serve this one. `gemv`: instruction results per weight of the CUDA-core kernel for up to
    `gemv_max_m` rows. `group_in_loop`: group sums are scaled as FP32 numbers in the main loop. `wgmma`: written for Hopper's
    asynchronous instructions, not for `mma.sync`. `overlaps`: one step is converted while another is multiplied; where the
    same warps do both in turn, the times add up (LiquidGEMM, arXiv 2509.01229, cost model). `half_sums`: products are summed
    in FP16, which GeForce boards do at twice the rate."""

    library: str
    source: str
    conversion: Mapping[str, Counts]
    tiles: tuple[Tile, ...]
    splits: tuple[int, ...] = (1,)
    threads: int = 128
    stages: int = 4
    step_k: int = 64
    dependent_loads: tuple[str, ...] = ()
    convert_rows: float = ANY_M
    through_shared: bool = False
    bank_ways: float = 1.0
    partial_bytes: float = 4.0
    split_slots: float = 2.0
    calibrated_as: str = "bf16"
    gemv: Counts | None = None
    gemv_max_m: int = 0
    group_in_loop: bool = False
    wgmma: bool = False
    overlaps: bool = True
    half_sums: bool = False

    def takes(self, precision: str) -> bool:
        """Whether the kernel was written for weights and activations of that precision."""
        return self._key(precision) is not None

    def counts(self, precision: str) -> Counts:
        """Instruction results per weight; raises UnsupportedError for a precision that the kernel was not written for."""
        key = self._key(precision)
        if key is None:
            raise UnsupportedError(f"the {self.library} kernel takes {', '.join(self.conversion)}, given {precision}")
        return self.conversion[key]

    def _key(self, precision: str) -> str | None:
        stem = precision.removesuffix("-sym")
        return next((name for name in (stem, _without_group(stem)) if name in self.conversion), None)

    def profile(self) -> GemmProfile:
        """The kernels among which the library chooses."""
        return GemmProfile(self.tiles, self.splits, self.gemv_max_m)

    def shared_cycles(self, gpu: GpuResources) -> float:
        """Cycles of an SM's shared memory per weight that is written back and read again."""
        if not self.through_shared:
            return 0.0
        return 2.0 * HALF_BYTES * self.bank_ways / gpu.smem_bytes_per_sm_cycle

    def waiting_cycles(self, gpu: GpuResources) -> float:
        """Latency of the loads that a step waits for, one after the other; 0 where they are copied ahead."""
        latencies = {"dram": gpu.dram_latency_cycles, "l2": gpu.l2_latency_cycles}
        return sum(latencies[name] for name in self.dependent_loads)

    def instruction_share(self, gpu: GpuResources, weight_only: bool) -> float:
        """Rate of its tensor-core instruction relative to the one that is priced without a description. Where only weights are
        narrow, that is `mma.sync` already."""
        share = 1.0 if self.wgmma or weight_only else gpu.mma_sync_fraction
        if self.half_sums:
            share *= gpu.tensor_macs.get(HALF_SUMS, gpu.tensor_macs["fp16"]) / gpu.tensor_macs["fp16"]
        return share

    @property
    def max_resident(self) -> float:
        """CTAs that share an SM, by its registers."""
        return float(THREADS_PER_SM // self.threads)


def _without_group(precision: str) -> str:
    return "-".join(part for part in precision.split("-") if not (part.startswith("g") and part[1:].isdigit()))
