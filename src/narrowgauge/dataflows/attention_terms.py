"""Terms that prefill and decode attention share: shapes, formats, the cycles of one tile, the memory system, the clock under load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.attention_profiles import AttentionProfile
from narrowgauge.dataflows.family import Array, Columns, Variant
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError, nearest

#: columns that a row of attention must have
COLUMNS = ("batch_size", "isl", "num_heads", "num_key_value_heads", "head_dim", "step", "window_size")
#: times that overlap but interfere join as a norm of this order: at equality the sum exceeds the larger one by 19 %
OVERLAP_ORDER = 4.0
#: steepness with which a working set that outgrows the L2 turns from hits into misses (cyclic reuse under LRU is nearly a step)
SPILL_ORDER = 8.0
#: bytes of the 16-bit outputs
OUTPUT_BYTES = 2
#: head dimension to which per-CTA costs refer
REFERENCE_HEAD_DIM = 128
#: FP32 operations per accumulator element that one rescale of the output costs
RESCALE_OPS = 1.0
BYTES_PER_GB_US = 1e3
NS_PER_US = 1e3


@dataclass(frozen=True)
class Precision:
    """Bytes per element of queries and cache, and the operand format of the products."""

    query_bytes: int
    kv_bytes: int
    mac: str


_PRECISIONS = {"bf16": (2, 2), "fp16": (2, 2), "bf16-kvfp8": (2, 1), "fp16-kvfp8": (2, 1), "fp8": (1, 1)}


def precision_of(variant: Variant, profile: AttentionProfile, gpu: GpuResources) -> Precision:
    """Formats of a variant on a GPU; an FP8 cache falls back to 16-bit products where the profile or GPU has no FP8 MMA, FP8 queries do not."""
    if variant.precision not in _PRECISIONS:
        raise UnsupportedError(f"attention has no precision '{variant.precision}'; {nearest(variant.precision, _PRECISIONS)}")
    query, cache = _PRECISIONS[variant.precision]
    wide = "fp16" if variant.precision.startswith("fp16") else "bf16"
    if query == 1 and "fp8" not in gpu.tensor_macs:
        raise UnsupportedError(
            f"{gpu.name} ({gpu.architecture}) has no FP8 tensor cores: FP8 queries cannot run; use a bf16 attention with an FP8 cache"
        )
    fp8 = query == 1 or (cache == 1 and profile.fp8_math and "fp8" in gpu.tensor_macs)
    return Precision(query, cache, "fp8" if fp8 else wide)


@dataclass(frozen=True)
class Shape:
    """The columns of an attention table as 64-bit integers. `window` 0 = none. `value_dim` and `kv_elements` (stored elements per token and KV head)
    differ from head_dim and twice head_dim where keys and values share storage (MLA: 576 stored, 512 of them values)."""

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
        """Read the columns; `window_size` may hold NaN, `step`, `window_size`, `v_head_dim` and `kv_elements` may be absent."""

        def column(name: str, default: Array | int) -> Array:
            values = np.nan_to_num(np.asarray(rows.get(name, default), dtype=np.float64)).astype(np.int64)
            return np.broadcast_to(values, head_dim.shape)

        head_dim = np.asarray(rows["head_dim"]).astype(np.int64)
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
        return np.maximum(self.heads // np.maximum(self.kv_heads, 1), 1)

    @property
    def tokens(self) -> Array:
        """New tokens of the whole batch."""
        return self.batch * self.isl


@dataclass(frozen=True)
class TileCycles:
    """SM cycles of one (tile_m × tile_n) step: in the tensor cores at full rate, in softmax on the CUDA cores, and of the steady pipeline."""

    mma: Array
    softmax: Array
    steady: Array


def tile_cycles(
    shape: Shape, tile_m: Array, tile_n: Array, mac: str, gpu: GpuResources, params: Mapping[str, float]
) -> TileCycles:
    """One KV block of one CTA: scores and values are multiplied on the tensor cores, exponentials run on the SFU, scaling, maxima and conversions on
    the FP32 lanes; `exposed` of the shorter of the two does not hide behind the longer."""
    scores = (tile_m * tile_n).astype(np.float64)
    mma = scores * (shape.head_dim + shape.value_dim) / gpu.tensor_macs[mac]
    lanes = gpu.alu_results["fp32"]
    softmax = (
        scores * (1.0 / gpu.alu_results["sfu"] + params["softmax_ops"] / lanes) + RESCALE_OPS * tile_m * shape.value_dim / lanes
    )
    real = mma / params["mma_efficiency"]
    return TileCycles(mma, softmax, np.maximum(real, softmax) + params["exposed"] * np.minimum(real, softmax))


def l2_miss_share(footprint: Array, gpu: GpuResources, share: float) -> Array:
    """Part of a repeated call's traffic that misses the L2: a working set above `share` of the capacity is evicted before it is used again."""
    return 1.0 / (1.0 + (share * gpu.l2_bytes / np.maximum(footprint, 1.0)) ** SPILL_ORDER)


def l2_bytes_per_us(gpu: GpuResources) -> float:
    """Bytes that all SMs together read from the L2 in a microsecond."""
    return gpu.sm_count * gpu.l2_bytes_per_sm_cycle * gpu.clock_mhz


def overlapped(*times: Array) -> Array:
    """Time of several resources that work at once: at least the longest, somewhat more where they are equal."""
    longest = np.maximum.reduce(times)
    scale = np.maximum(longest, np.finfo(np.float64).tiny)
    total: Array = longest * sum((t / scale) ** OVERLAP_ORDER for t in times) ** (1.0 / OVERLAP_ORDER)
    return total


def throttled(time_us: Array, params: Mapping[str, float]) -> Array:
    """The same work when the power cap lowers the clock: kernels long against `clock_settle_us` run at a clock reduced by `clock_drop`."""
    drop: Array = params["clock_drop"] * time_us / (time_us + params["clock_settle_us"])
    return time_us / (1.0 - drop)


def safe_log(values: Array) -> Array:
    """Natural logarithm of non-negative numbers, finite at zero (a floor of 1e-9)."""
    return np.log(np.maximum(np.asarray(values, dtype=np.float64), 1e-9))
