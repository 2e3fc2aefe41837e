"""A specification to start from, written from what the driver says: a delta over the shipped board of the same architecture."""

from __future__ import annotations

import re

from narrowgauge import units
from narrowgauge.kernels.backend import Properties
from narrowgauge.measurements import MachineRecord

#: the shipped hardware of each architecture whose numbers stand where the driver says nothing
BASES = {"sm80": "a100-sxm-80gb", "sm86": "rtx-3090", "sm89": "rtx-4090", "sm90": "h100-sxm"}
_TRANSFERS_PER_CLOCK = 2
_WARP = 32
_REGISTER_BYTES = 4

_TEMPLATE = """\
# [value, unit, kind, source] or [value, unit, kind, source, note]
# Written by `narrowgauge measure` from what the driver said. Everything that is not here is that of the base,
# {base}: put in the vendor's numbers where this board differs (base clock, L1, latencies, idle power, link),
# then `narrowgauge fit` and `show` tell what is measured and what is still taken over.
title: {title}
base: {base}
sources:
  driver: "CUDA driver{driver} of this machine"
clock:
  base_mhz: [{boost:g}, MHz, assumed, driver, "the boost clock, until the vendor's base clock stands here"]
  boost_mhz: [{boost:g}, MHz, measured, driver, "the highest clock that the board allows"]
  tensor_peak_mhz: [{boost:g}, MHz, assumed, driver, "the boost clock"]
chip:
  sm_count: [{sm_count}, count, measured, driver]
sm:
  registers_kb: [{registers_kb:g}, KB, measured, driver]
  smem_kb: [{smem_kb:g}, KB, measured, driver]
  max_warps: [{max_warps}, count, measured, driver]
  max_ctas: [{max_ctas}, count, measured, driver]
dram:
  bus_bits: [{bus_bits}, count, measured, driver]
  bandwidth_gb_per_s: [{bandwidth:g}, GB/s, derived, driver, "two transfers per memory clock of {memory_mhz:g} MHz"]
  capacity_gb: [{capacity:g}, GB, measured, driver]
l2:
  capacity_mb: [{l2_mb:g}, MB, measured, driver]
{power}# the base's printed peaks are not this board's
quoted_peak_tops: {{fp16: null, bf16: null, tf32: null, fp8: null, int8: null, int4: null, b1: null, \
fp16_f16acc: null, fp8_f16acc: null}}
"""


def file_name(properties: Properties) -> str:
    """`nvidia-h200.yaml`."""
    return re.sub(r"[^a-z0-9]+", "-", properties.name.lower()).strip("-") + ".yaml"


def skeleton(properties: Properties, machine: MachineRecord) -> str:
    """The YAML text. The architecture must have a base, as every one that kernels are written for has."""
    limit_w = machine.default_power_limit_w
    power = f'power:\n  tdp_w: [{limit_w:g}, W, measured, driver, "default power limit"]\n' if limit_w else ""
    bytes_per_clock = _TRANSFERS_PER_CLOCK * properties.memory_bus_bits / units.BITS_PER_BYTE
    return _TEMPLATE.format(
        title=properties.name,
        base=BASES[properties.architecture],
        driver=f" {machine.driver}" if machine.driver else "",
        boost=properties.boost_clock_mhz,
        sm_count=properties.sm_count,
        registers_kb=properties.registers_per_sm * _REGISTER_BYTES / units.BYTES_PER_KB,
        smem_kb=properties.shared_bytes_per_sm / units.BYTES_PER_KB,
        max_warps=properties.max_threads_per_sm // _WARP,
        max_ctas=properties.max_blocks_per_sm,
        bus_bits=properties.memory_bus_bits,
        bandwidth=properties.memory_clock_mhz * units.HZ_PER_MHZ * bytes_per_clock / units.BYTES_PER_GB,
        memory_mhz=properties.memory_clock_mhz,
        capacity=properties.memory_bytes / units.BYTES_PER_GB,
        l2_mb=properties.l2_bytes / units.BYTES_PER_MB,
        power=power,
    )
