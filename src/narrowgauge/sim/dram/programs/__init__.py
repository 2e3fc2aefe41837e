"""Command programs of published PIM machines, for one channel; all channels do the same at the same time.

    standard = load_standard("hbm2-pimsimulator")
    result = run_program(standard, hbm_pim_gemv(standard, outputs=4096, inputs=4096, channels=64))

Every program takes the standard, the shape and the bytes of an element. Sizes of the units are in the `pim` section of the
standard, their timings among its timings."""

from __future__ import annotations

from narrowgauge.sim.dram.programs.aim import aim_gemv
from narrowgauge.sim.dram.programs.attacc import Place, attention
from narrowgauge.sim.dram.programs.hbm_pim import hbm_pim_add, hbm_pim_gemv
from narrowgauge.sim.dram.programs.host import host_add, host_gemv
from narrowgauge.sim.dram.programs.neupims import neupims_gemv
from narrowgauge.sim.dram.programs.stream import all_bank_gemv, bundle_attention, bundle_gemv

__all__ = [
    "Place",
    "aim_gemv",
    "all_bank_gemv",
    "attention",
    "bundle_attention",
    "bundle_gemv",
    "hbm_pim_add",
    "hbm_pim_gemv",
    "host_add",
    "host_gemv",
    "neupims_gemv",
]
