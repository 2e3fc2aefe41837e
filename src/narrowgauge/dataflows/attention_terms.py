"""Terms that prefill and decode attention share: shapes, formats, the cycles of a tile, the memory system, the clock under
load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.attention_profiles import AttentionProfile
from narrowgauge.dataflows.family import Array, Columns, Parameter, Variant
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError, nearest

#: columns that a row of attention must have
COLUMNS: tuple[str, ...] = ("batch_size", "isl", "num_heads", "num_key_value_heads", "head_dim", "step", "window_size")
#: rows that agree in these are left out together: a shape of heads must not teach about itself
GROUP: tuple[str, ...] = ("num_heads", "num_key_value_heads", "head_dim")
#: times that overlap but interfere join as a norm of this order: at equality the sum exceeds the larger one by 19 %
OVERLAP_ORDER = 4.0
#: how steeply a working set that outgrows the L2 turns from hits into misses (cyclic reuse under LRU is nearly a step)
SPILL_ORDER = 8.0
#: bytes of an element of the 16-bit activations outside the kernel
WIDE_BYTES = 2
#: head dimension to which per-CTA costs refer
REFERENCE_HEAD_DIM = 128
#: FP32 operations per accumulator element and KV block that rescale the output
RESCALE_OPS = 1.0
NS_PER_US = 1e3
#: bytes per element of queries and of the cache, by the precision of a variant
PRECISIONS: dict[str, tuple[int, float]] = {
    "bf16": (2, 2),
    "fp16": (2, 2),
    **{f"{query}-kv{cache}": (2, size) for query in ("bf16", "fp16") for cache, size in (("fp8", 1), ("int8", 1), ("int4", 0.5))},
    "fp8": (1, 1),
}
#: parameter of every variant whose cache is quantised
KV_OPS = Parameter("kv_ops", 0.3, 0.001, 20.0, "1", "FP32-rate operations per cache element: convert, transpose", log=True)


@dataclass(frozen=True)
class Precision:
    """Bytes per element of queries and cache, and the operand format of the products."""

    query_bytes: int
    kv_bytes: float
    mac: str


def precision_of(variant: Variant, profile: AttentionProfile, gpu: GpuResources) -> Precision:
    """Formats of a variant on a GPU. An FP8 cache falls back to 16-bit products where the kernel or the GPU has no FP8 MMA.

    Raises UnsupportedError for an unknown precision, and for FP8 queries on a GPU without FP8 tensor cores."""
    if variant.precision not in PRECISIONS:
        raise UnsupportedError(f"attention has no precision '{variant.precision}'; {nearest(variant.precision, PRECISIONS)}")
    query, cache = PRECISIONS[variant.precision]
    has_fp8 = "fp8" in gpu.tensor_macs
    if query == 1 and not has_fp8:
        raise UnsupportedError(
            f"{gpu.name} ({gpu.architecture}) has no FP8 tensor cores, so attention with FP8 queries cannot run; "
            "16-bit queries over an FP8 cache (bf16-kvfp8) can"
        )
    fp8 = query == 1 or (variant.precision.endswith("fp8") and profile.fp8_math and has_fp8)
    return Precision(query, cache, "fp8" if fp8 else variant.precision.partition("-")[0])


def quantised_cache(variant: Variant) -> tuple[Parameter, ...]:
    """The parameter of a cache of eight bits or fewer, where the variant has one."""
    return (KV_OPS,) if PRECISIONS.get(variant.precision, (0, WIDE_BYTES))[1] < WIDE_BYTES else ()


@dataclass(frozen=True)
class Shape:
    """The columns of an attention table as 64-bit integers.

    `window` 0 = none; else a token sees itself and that many before it (measured at lengths of a multiple of the window, where
    kernels read one block more than `window` tokens would need). `value_dim` and `kv_elements` (stored elements per token and KV
    head) differ from head_dim and twice head_dim where keys and values share storage (MLA stores 576, of which 512 are
    values)."""

    batch: Array
    isl: Array
    heads: Array
    kv_heads: Array
    head_dim: Array
    step: Array
    window: Array
    value_dim: Array
    kv_elements: Array

    @staticmethod
    def of(rows: Columns) -> Shape:
        """Read the columns; `window_size` may hold NaN; `step`, `window_size`, `v_head_dim`, `kv_elements` may be absent."""
        head_dim = np.asarray(rows["head_dim"]).astype(np.int64)

        def column(name: str, default: Array | int) -> Array:
            values = np.nan_to_num(np.asarray(rows.get(name, default), dtype=np.float64)).astype(np.int64)
            return np.broadcast_to(values, head_dim.shape)

        value_dim = column("v_head_dim", head_dim)
        return Shape(
            batch=column("batch_size", 1),
            isl=column("isl", 1),
            heads=column("num_heads", 1),
            kv_heads=column("num_key_value_heads", 1),
            head_dim=head_dim,
            step=column("step", 0),
            window=column("window_size", 0),
            value_dim=value_dim,
            kv_elements=column("kv_elements", head_dim + value_dim),
        )

    @property
    def group(self) -> Array:
        """Query heads per KV head."""
        return np.asarray(np.maximum(self.heads // np.maximum(self.kv_heads, 1), 1))

    @property
    def tokens(self) -> Array:
        """New tokens of the whole batch."""
        return np.asarray(self.batch * self.isl)

    @property
    def tokens_read(self) -> Array:
        """Tokens of one sequence's keys and values that any of its new tokens attends to."""
        return np.where(self.window > 0, np.minimum(self.step, self.window), self.step) + self.isl

    @property
    def pairs(self) -> Array:
        """Query-key pairs that the mask lets through, over the batch and all query heads."""
        reach = np.where(self.window > 0, self.window + 1, self.step + self.isl)
        # the first `growing` tokens see one key more each, the others all of `reach`
        growing = np.clip(reach - self.step, 0, self.isl)
        per_head = growing * self.step + growing * (growing + 1) // 2 + (self.isl - growing) * reach
        return np.asarray(self.batch * self.heads * per_head)

    def cache_bytes(self, formats: Precision) -> Array:
        """Bytes of the keys and values that one call reads, each once."""
        elements = self.batch * self.tokens_read * self.kv_heads * self.kv_elements
        return np.asarray(elements * formats.kv_bytes)

    def output_bytes(self) -> Array:
        """Bytes of all outputs."""
        return np.asarray(self.tokens * self.heads * self.value_dim * WIDE_BYTES)

    def query_and_output_bytes(self, formats: Precision) -> Array:
        """Bytes of all queries and outputs."""
        return np.asarray(self.tokens * self.heads * self.head_dim * formats.query_bytes + self.output_bytes())


def roofline_us(shape: Shape, formats: Precision, gpu: GpuResources) -> Array:
    """Every operand once over the DRAM pins, against both products of the unmasked pairs at the tensor cores' peak."""
    moved = (shape.cache_bytes(formats) + shape.query_and_output_bytes(formats)) / gpu.dram_bytes_per_us
    macs = shape.pairs.astype(np.float64) * (shape.head_dim + shape.value_dim)
    peak = gpu.tensor_macs[formats.mac] * gpu.sm_count * gpu.tensor_clock_mhz
    return np.asarray(np.maximum(moved, macs / peak))


@dataclass(frozen=True)
class TileCycles:
    """SM cycles of one (tile_m × tile_n) step: of the tensor cores at full rate, of softmax on CUDA cores, of the steady
    pipeline."""

    mma: Array
    softmax: Array
    steady: Array


def tile_cycles(
    shape: Shape, tile_m: Array, tile_n: Array, formats: Precision, gpu: GpuResources, params: Mapping[str, float]
) -> TileCycles:
    """One KV block of one CTA: both products run on the tensor cores, exponentials on the SFU, scaling, maxima and conversions on
    the FP32 lanes; `exposed` of the shorter of the two does not hide behind the longer."""
    scores = (tile_m * tile_n).astype(np.float64)
    lanes = gpu.alu_results["fp32"]
    mma = scores * (shape.head_dim + shape.value_dim) / gpu.tensor_macs[formats.mac]
    softmax = scores * (1.0 / gpu.alu_results["sfu"] + params["softmax_ops"] / lanes)
    softmax = softmax + RESCALE_OPS * tile_m * shape.value_dim / lanes
    if formats.kv_bytes < WIDE_BYTES:
        softmax = softmax + params["kv_ops"] * tile_n * shape.kv_elements / lanes
    real = mma / params["mma_efficiency"]
    return TileCycles(mma, softmax, np.maximum(real, softmax) + params["exposed"] * np.minimum(real, softmax))


def l2_miss_share(footprint: Array, gpu: GpuResources, share: float) -> Array:
    """Part of a repeated call's traffic that misses the L2: a working set above `share` of it is evicted before it is used
    again."""
    return np.asarray(1.0 / (1.0 + (share * gpu.l2_bytes / np.maximum(footprint, 1.0)) ** SPILL_ORDER))


def l2_bytes_per_us(gpu: GpuResources) -> float:
    """Bytes that all SMs together read from the L2 in a microsecond."""
    return gpu.sm_count * gpu.l2_bytes_per_sm_cycle * gpu.clock_mhz


def overlapped(*times: Array) -> Array:
    """Time of several resources that work at once: at least the longest, somewhat more where they are equal."""
    longest = np.maximum(np.maximum.reduce(times), np.finfo(np.float64).tiny)
    total: Array = longest * np.sum([(t / longest) ** OVERLAP_ORDER for t in times], axis=0) ** (1.0 / OVERLAP_ORDER)
    return total


def interference(*times: Array) -> float:
    """How much longer resources that work at once take than the longest of them alone, for a table of one row."""
    return float(overlapped(*times)[0] / np.max([time[0] for time in times]))


def throttled(time_us: Array, params: Mapping[str, float]) -> Array:
    """The same work when the power cap lowers the clock: kernels long against `clock_settle_us` lose `clock_drop` of it."""
    drop = params["clock_drop"] * time_us / (time_us + params["clock_settle_us"])
    return np.asarray(time_us / (1.0 - drop))
