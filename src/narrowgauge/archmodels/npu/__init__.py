"""NPUs: systolic arrays and SIMD units before the pins of a memory; the host of a heterogeneous machine, or a machine alone."""

from narrowgauge.archmodels.npu.machine import Npu, Work, load_npu

__all__ = ["Npu", "Work", "load_npu"]
