"""Attention of one new token per sequence: split-KV ("flash-decoding") kernels.

A CTA holds the query heads of one KV head as the rows of a tile and walks over a part of that head's cache; few sequences are
split into parts until the machine is full, and a second kernel combines them. The kernel takes as long as the busiest of: the SMs
(waves of CTAs, each a serial chain of blocks), the L2, and the DRAM for what a repeated call does not find in the L2.
Composition: launch + appends + overlapped(SMs, L2, DRAM) + combine. A library may prefer a CUDA-core kernel for some shapes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from narrowgauge.dataflows import attention_decode_kernels as kernels
from narrowgauge.dataflows import attention_features as features
from narrowgauge.dataflows import attention_terms as terms
from narrowgauge.dataflows.attention_profiles import decode_profile
from narrowgauge.dataflows.attention_terms import Shape
from narrowgauge.dataflows.family import FAMILIES, Array, Columns, KernelCost, Parameter, Variant
from narrowgauge.dataflows.kernels_lowbit.masked_mha import calibrated, masked_mha
from narrowgauge.dataflows.resources import GpuResources

#: upper edges of the size classes, in elements of the cache that are read
SIZE_EDGES = (1e6, 1e7, 1e8, 1e9)

# fmt: off
_BASE = (
    Parameter("launch_us", 8.0, 1.0, 60.0, "us", "fixed time of a call: all its kernels, their prologues and drains", log=True),
    Parameter("cta_us", 1.0, 0.02, 20.0, "us", "prologue and epilogue of a CTA", log=True),
    Parameter("width_us", 0.5, 0.01, 20.0, "us", "the same, per 128 of head dimension", log=True),
    Parameter("mma_efficiency", 0.75, 0.05, 1.0, "1", "share of the tensor cores' rate in the steady state", log=True),
    Parameter("softmax_ops", 6.0, 1.0, 60.0, "1", "FP32 operations per score: scale, maximum, subtract, sum, convert", log=True),
    Parameter("exposed", 0.3, 0.0, 1.0, "1", "share of the shorter of MMA and softmax not hidden behind the longer"),
    Parameter("block_cycles", 800.0, 20.0, 8000.0, "cycle", "latency per KV block of a CTA that is alone on its SM", log=True),
    Parameter("tail", 0.7, 0.0, 1.5, "1", "share of the last, partly filled wave that is lost"),
    Parameter("l2_efficiency", 0.5, 0.05, 1.0, "1", "share of the measured L2 read bandwidth", log=True),
    Parameter("l2_share", 0.7, 0.1, 1.2, "1", "share of the L2 that keeps a working set from one call to the next", log=True),
    Parameter("dram_efficiency", 0.85, 0.3, 1.0, "1", "share of the DRAM bandwidth", log=True),
    Parameter("head_ns", 20.0, 0.01, 1000.0, "ns", "SM time per query head of kernels that append, rotate or quantise", log=True),
)
_SPLIT = (
    Parameter("combine_us", 3.0, 0.0, 30.0, "us", "second kernel that combines the parts of a split sequence"),
    Parameter("part_ns", 20.0, 0.1, 500.0, "ns", "its time per part, which it reads one after another", log=True),
    Parameter("split_cta_us", 0.3, 0.001, 20.0, "us", "extra time of a CTA that may split: schedule, FP32 results", log=True),
)
_SEARCH = Parameter("search_ns", 10.0, 0.01, 200.0, "ns", "time per sequence in which a CTA looks for its work", log=True)
_SCALAR = (
    Parameter("scalar_launch_us", 8.0, 1.0, 60.0, "us", "fixed time of a call that takes the CUDA-core kernel", log=True),
    Parameter("scalar_cta_us", 1.0, 0.01, 20.0, "us", "SM time per CTA of the CUDA-core kernel", log=True),
    Parameter("scalar_ops", 6.0, 0.3, 60.0, "1", "its FP32 operations per multiply-accumulate, conversions included", log=True),
    Parameter("scalar_chain_ns", 30.0, 0.1, 2000.0, "ns", "its latency per token of a CTA's part of the cache", log=True),
)
# fmt: on


class AttentionDecode:
    """Attention of one new token per sequence over `step` cached tokens and itself. The module says what it is made of."""

    name = "attention-decode"
    columns = terms.COLUMNS
    group = terms.GROUP

    def parameters(self, variant: Variant, gpu: GpuResources) -> tuple[Parameter, ...]:
        """The fitted numbers of a variant; what its kernel does not do has no parameter."""
        profile = decode_profile(variant.library, gpu.architecture)
        return (
            *_BASE,
            *terms.quantised_cache(variant),
            *_SPLIT * (profile.split.most > 1),
            *(_SEARCH,) * profile.split.empty_parts,
            *_SCALAR * (profile.scalar is not None),
        )

    def sibling(self, variant: Variant) -> Variant:
        """The measured variant whose fitted parameters serve this one."""
        return calibrated(variant)

    def cost(self, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> KernelCost:
        """Cost of every row, microseconds; UnsupportedError if the GPU cannot run the precision."""
        shape = Shape.of(rows)
        profile = decode_profile(variant.library, gpu.architecture)
        formats = terms.precision_of(variant, profile, gpu)
        kernel = kernels.tiled_kernel(shape, profile, formats, gpu, params)
        masked = masked_mha(variant.library)
        if masked is not None:
            scalar = kernels.scalar_kernel(shape, formats, gpu, masked.parameters(variant.precision, gpu, params))
            kernel = kernels.choose(masked.takes_scalar(shape.group), scalar, kernel)
        elif profile.scalar is not None:
            scalar = kernels.scalar_kernel(shape, formats, gpu, params)
            kernel = kernels.choose(kernels.takes_scalar(profile.scalar, shape, formats, gpu), scalar, kernel)
        append_us = params["head_ns"] / terms.NS_PER_US * shape.batch * shape.heads / gpu.sm_count

        cache_bytes = shape.cache_bytes(formats).astype(np.float64)
        footprint = cache_bytes + shape.query_and_output_bytes(formats)
        missed = footprint * terms.l2_miss_share(footprint, gpu, params["l2_share"])
        smem_bytes = 2.0 * cache_bytes
        return KernelCost(
            latency_us=kernel.latency_us + append_us,
            busy_us={
                "tensor_core": kernel.tensor_us,
                "cuda_core": kernel.cuda_us,
                "dram": missed / gpu.dram_bytes_per_us,
                "l2": kernel.l2_bytes / terms.l2_bytes_per_us(gpu),
                "smem": smem_bytes / (gpu.sm_count * gpu.smem_bytes_per_sm_cycle * gpu.clock_mhz),
                "launch": kernel.launch_us,
            },
            actions={
                "dram_byte": missed,
                "l2_byte": kernel.l2_bytes,
                "smem_byte": smem_bytes,
                f"mac_{formats.mac}": kernel.macs,
                "alu_fp32": kernel.scores * params["softmax_ops"],
                "alu_sfu": kernel.scores,
            },
            choice={"tile_m": kernel.tile_m, "splits": kernel.parts, "ctas": kernel.ctas},
        )

    def roofline_us(self, rows: Columns, variant: Variant, gpu: GpuResources) -> Array:
        """Every operand once from DRAM, against the unmasked products at the tensor cores' peak."""
        formats = terms.precision_of(variant, decode_profile(variant.library, gpu.architecture), gpu)
        return terms.roofline_us(Shape.of(rows), formats, gpu)

    def features(self, rows: Columns, variant: Variant, gpu: GpuResources, cost: KernelCost) -> dict[str, Array]:
        """Logarithms of the dimensions, of each resource's share, of the cut, and how well waves are filled."""
        shape = Shape.of(rows)
        return {
            **features.dimensions(shape),
            **features.limits(cost, gpu.sm_count),
            "log_step": np.log1p(shape.step.astype(np.float64)),
            "log_seen": features.safe_log(shape.tokens_read),
            "log_elements": features.safe_log(kernels.cache_elements(shape)),
        }

    def size_class(self, rows: Columns) -> Array:
        """0 to 4 by the elements of the cache that are read: below 1e6, 1e7, 1e8, 1e9, above."""
        return np.searchsorted(SIZE_EDGES, kernels.cache_elements(Shape.of(rows)).astype(np.float64), side="right")


FAMILIES.register(AttentionDecode.name, AttentionDecode())
