"""The schema of a specification: which numbers describe a GPU, in which unit, and in which range they can be real.

Paths are `section.field`, the names by which `show` prints a number and a what-if override changes it. A field that is
`None` is not there (a format without tensor-core instruction). No field has a numeric default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from narrowgauge.archmodels.rule import Rule
from narrowgauge.provenance import Quantity

Text = Annotated[str, StringConstraints(min_length=1)]
Clock = Annotated[Quantity, Rule("MHz", 100, 10_000)]
Count = Annotated[Quantity, Rule("count", 1, 100_000, whole=True)]
Latency = Annotated[Quantity, Rule("cycle", 1, 100_000)]
Overhead = Annotated[Quantity, Rule("us", 0, 10_000)]
PerSmBytes = Annotated[Quantity, Rule("B/SM/cycle", 0.1, 100_000)]
Power = Annotated[Quantity, Rule("W", 0, 100_000)]
MacRate = Annotated[Quantity | None, Rule("MAC/SM/cycle", 1, 10_000_000)]
AluRate = Annotated[Quantity, Rule("result/SM/cycle", 0.5, 100_000)]
PeakRate = Annotated[Quantity | None, Rule("Top/s", 1e-3, 1e7)]
ByteEnergy = Annotated[Quantity, Rule("pJ/B", 1e-4, 1e5)]
MacEnergy = Annotated[Quantity | None, Rule("pJ/MAC", 1e-6, 1e4)]
AluEnergy = Annotated[Quantity, Rule("pJ/result", 1e-6, 1e4)]


class Section(BaseModel):
    """A group of fields; unknown keys are refused and nothing can be changed afterwards."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


class Chip(Section):
    """The die."""

    process: Text
    die_area_mm2: Annotated[Quantity, Rule("mm2", 1, 100_000)]
    sm_count: Count


class ClockDomain(Section):
    """SM clocks: guaranteed, boost, and the one behind the vendor's tensor peak."""

    base_mhz: Clock
    boost_mhz: Clock
    tensor_peak_mhz: Clock


class Multiprocessor(Section):
    """One streaming multiprocessor: storage, limits of residency, shared-memory bandwidth."""

    tensor_cores: Count
    #: share of the tensor peak that warp-level mma.sync reaches (1 where it is the native instruction)
    mma_sync_fraction: Annotated[Quantity, Rule("ratio", 0.01, 1)]
    registers_kb: Annotated[Quantity, Rule("KB", 1, 100_000)]
    #: L1 and shared memory together, and the part of it that all thread blocks of an SM may take as shared memory
    l1_smem_kb: Annotated[Quantity, Rule("KB", 1, 100_000)]
    smem_kb: Annotated[Quantity, Rule("KB", 1, 100_000)]
    smem_bytes_per_cycle: PerSmBytes
    #: what one SM can take from the L2 when the others leave it alone
    l2_port_bytes_per_cycle: PerSmBytes
    max_warps: Count
    max_ctas: Count


class TensorRates(Section):
    """Dense multiply-accumulates by operand format. Floating formats accumulate in FP32 unless the name says otherwise."""

    fp16: MacRate = None
    bf16: MacRate = None
    tf32: MacRate = None
    fp8: MacRate = None
    fp6: MacRate = None
    fp4: MacRate = None
    int8: MacRate = None
    int4: MacRate = None
    b1: MacRate = None
    fp16_f16acc: MacRate = None
    fp8_f16acc: MacRate = None


class AluRates(Section):
    """Results of CUDA cores by instruction class; a packed half2 instruction counts as two results of `fp16x`."""

    fp32: AluRate
    fp16x: AluRate
    int32_add: AluRate
    int32_mad: AluRate
    lop3: AluRate
    shift: AluRate
    cmp: AluRate
    prmt: AluRate
    cvt_i8i16_to_i32: AluRate
    cvt_other: AluRate
    sfu: AluRate
    shfl: AluRate
    popc: AluRate


class Dram(Section):
    """Device memory: bandwidth at the pins, nominal capacity, unloaded latency."""

    type: Text
    bus_bits: Count
    bandwidth_gb_per_s: Annotated[Quantity, Rule("GB/s", 1, 1_000_000)]
    capacity_gb: Annotated[Quantity, Rule("GB", 0.1, 100_000)]
    latency_cycles: Latency


class L2Cache(Section):
    """Second-level cache: capacity, measured read bandwidth, hit latency from the near and the far partition."""

    capacity_mb: Annotated[Quantity, Rule("MB", 0.1, 100_000)]
    bytes_per_sm_cycle: PerSmBytes
    latency_near_cycles: Latency
    latency_far_cycles: Latency


class Launch(Section):
    """Time from one kernel to the next where each does almost nothing: launched into a stream, and inside a CUDA graph."""

    stream_us: Overhead
    graph_us: Overhead


class Link(Section):
    """The way to the peers of one node, one direction; bandwidth 0 where there is none."""

    type: Text
    bandwidth_gb_per_s: Annotated[Quantity, Rule("GB/s", 0, 100_000)]
    #: time of the smallest message, software included
    latency_us: Overhead


class PowerBudget(Section):
    """Board power: its cap, at rest, and the part drawn while kernels run whatever they do."""

    tdp_w: Annotated[Quantity, Rule("W", 1, 100_000)]
    idle_w: Power
    static_w: Power


class ActionEnergy(Section):
    """Energy of one action at the board's input. `dram_byte` is the way from DRAM into the L2, `l2_byte` from there to the SM."""

    dram_byte: ByteEnergy
    l2_byte: ByteEnergy
    smem_byte: ByteEnergy
    register_byte: ByteEnergy
    link_byte: ByteEnergy
    mac_fp16: MacEnergy = None
    mac_bf16: MacEnergy = None
    mac_tf32: MacEnergy = None
    mac_fp8: MacEnergy = None
    mac_fp6: MacEnergy = None
    mac_fp4: MacEnergy = None
    mac_int8: MacEnergy = None
    mac_int4: MacEnergy = None
    mac_b1: MacEnergy = None
    mac_fp16_f16acc: MacEnergy = None
    mac_fp8_f16acc: MacEnergy = None
    alu_fp32: AluEnergy
    alu_fp16x: AluEnergy
    alu_int32_add: AluEnergy
    alu_int32_mad: AluEnergy
    alu_lop3: AluEnergy
    alu_shift: AluEnergy
    alu_cmp: AluEnergy
    alu_prmt: AluEnergy
    alu_cvt_i8i16_to_i32: AluEnergy
    alu_cvt_other: AluEnergy
    alu_sfu: AluEnergy
    alu_shfl: AluEnergy
    alu_popc: AluEnergy
    #: integer or logic work whose classes a kernel does not tell apart
    alu_int: AluEnergy


class QuotedPeaks(Section):
    """Dense tensor peaks as the vendor prints them: a check on rate × SMs × clock, used by no model."""

    fp16: PeakRate = None
    bf16: PeakRate = None
    tf32: PeakRate = None
    fp8: PeakRate = None
    fp6: PeakRate = None
    fp4: PeakRate = None
    int8: PeakRate = None
    int4: PeakRate = None
    b1: PeakRate = None
    fp16_f16acc: PeakRate = None
    fp8_f16acc: PeakRate = None


class Sheet(Section):
    """Everything that a specification says."""

    title: Text
    #: compute capability, `sm80`
    architecture: Annotated[str, StringConstraints(pattern=r"^sm\d{2,3}$")]
    chip: Chip
    clock: ClockDomain
    sm: Multiprocessor
    tensor_macs_per_sm_cycle: TensorRates
    alu_results_per_sm_cycle: AluRates
    dram: Dram
    l2: L2Cache
    launch: Launch
    link: Link
    power: PowerBudget
    energy_pj: ActionEnergy
    quoted_peak_tops: QuotedPeaks = QuotedPeaks()


def quantities(sheet: Section) -> Iterator[tuple[str, Quantity]]:
    """Every number that is there, by dotted path, in the order of the schema."""
    for field, entry in sheet:
        if isinstance(entry, Section):
            yield from ((f"{field}.{path}", value) for path, value in quantities(entry))
        elif isinstance(entry, Quantity):
            yield field, entry


def texts(sheet: Section) -> Iterator[tuple[str, str]]:
    """Every text, by dotted path."""
    for field, entry in sheet:
        if isinstance(entry, Section):
            yield from ((f"{field}.{path}", words) for path, words in texts(entry))
        elif isinstance(entry, str):
            yield field, entry


@cache
def rules(sheet: type[Section] = Sheet) -> Mapping[str, Rule]:
    """The rule of every number that a specification may hold, by dotted path."""
    found: dict[str, Rule] = {}
    for field, info in sheet.model_fields.items():
        found.update((field, rule) for rule in info.metadata if isinstance(rule, Rule))
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            found.update({f"{field}.{path}": rule for path, rule in rules(info.annotation).items()})
    return MappingProxyType(found)
