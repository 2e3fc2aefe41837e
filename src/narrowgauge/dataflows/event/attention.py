"""Attention kernels for the event engine: every CTA with the KV blocks that it really walks over, on the SM that takes it.

A KV block costs what the closed form says that it costs in the steady state; the engine decides which CTA runs where and when.
That is where the two differ: the closed form fits shares of the last wave and of the longest tile that are lost, the engine
schedules the triangle of a causal mask tile by tile.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from narrowgauge.dataflows import attention_decode_kernels as decode
from narrowgauge.dataflows import attention_prefill as prefill
from narrowgauge.dataflows import attention_terms as terms
from narrowgauge.dataflows.attention_profiles import WGMMA_ARCHITECTURES, AttentionProfile, decode_profile, prefill_profile
from narrowgauge.dataflows.attention_terms import NS_PER_US, Precision, Shape
from narrowgauge.dataflows.attention_tiles import tile_blocks
from narrowgauge.dataflows.event.cta import WAIT, CtaKernel, Span, Stage
from narrowgauge.dataflows.family import Array, Columns, KernelCost, Variant
from narrowgauge.dataflows.resources import GpuResources

#: KV blocks of a CTA in shared memory at once: one in use, one on its way
KV_BUFFERS = 2
#: dependent pieces in which a CTA of the CUDA-core kernel walks over its part of the cache
SCALAR_STEPS = 8


def lower_prefill(
    rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float], cost: KernelCost
) -> tuple[CtaKernel, ...]:
    """Append, attention over the causal triangle, combination of split sequences."""
    shape = Shape.of(rows)
    profile = prefill_profile(variant.library, gpu.architecture)
    formats = terms.precision_of(variant, profile, gpu)
    cut = prefill.cut_of(shape, profile, formats, gpu)
    cycles = terms.tile_cycles(shape, cut.tile_m, cut.tile_n, formats, gpu, params)
    unique, l2_bytes, _ = prefill.traffic(shape, cut, formats)
    append_us = prefill.append_us(shape, profile, formats, gpu, params)
    busy_us = float((cost.latency_us - params["launch_us"])[0])
    dram_us = float(unique[0]) / (gpu.dram_bytes_per_us * params["dram_efficiency"])
    written_us = dram_us * float((shape.output_bytes() / unique)[0])
    slower = float(terms.throttled(np.array([busy_us]), params)[0]) / busy_us
    l2_us = l2_bytes / (terms.l2_bytes_per_us(gpu) * params["l2_efficiency"])
    sm_us = prefill.sm_time(shape, cut, cycles, profile, gpu, params)
    mixed = slower * terms.interference(sm_us, l2_us, np.array([dram_us]))
    steps = _causal_steps(shape, cut, profile, params, longest_first=gpu.architecture in WGMMA_ARCHITECTURES)
    resident = int(profile.occupancy(shape.head_dim)[0])
    parts, q_tiles = int(cut.parts[0]), int(cut.tiles.q_tiles[0])
    combine = (Span("cuda_core", params["combine_us"], "combine"),) if parts > 1 else ()
    return (
        CtaKernel(
            name="attention",
            steps=steps,
            resident=resident,
            depth=KV_BUFFERS,
            stages=_blocks(
                float(steps.sum()),
                mixed * (dram_us - written_us),
                mixed * float(l2_us[0]),
                cycles,
                params["block_cycles"],
                gpu.clock_mhz / mixed,
            ),
            prologue=_start(slower * float(prefill.fixed_us(shape, cut, profile, params)[0]), resident),
            epilogue=(
                Stage(WAIT, 0.0, "store"),
                Stage("dram", mixed * written_us / int(cut.ctas[0] * parts), "store", beside=True, posted=True),
            ),
            before=(Span("launch", params["launch_us"], "launch"), Span("dram", slower * float(append_us[0]), "append")),
            after=combine,
            actions=_first(cost.actions),
            period=q_tiles * parts,
            pooled=True,
        ),
    )


def lower_decode(
    rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float], cost: KernelCost
) -> tuple[CtaKernel, ...]:
    """Append, attention of one token per sequence by the kernel that the library takes, combination of split sequences."""
    shape = Shape.of(rows)
    profile = decode_profile(variant.library, gpu.architecture)
    formats = terms.precision_of(variant, profile, gpu)
    append_us = params["head_ns"] / NS_PER_US * float((shape.batch * shape.heads)[0]) / gpu.sm_count
    append = Span("cuda_core", append_us, "append")
    if profile.scalar is not None and decode.takes_scalar(profile.scalar, shape, formats, gpu)[0]:
        return (_scalar(shape, formats, gpu, params, cost, append),)
    cut = decode.cut_of(shape, profile, formats, gpu)
    cycles = terms.tile_cycles(shape, cut.tile_m, cut.tile_n, formats, gpu, params)
    l2_us, dram_us = decode.memory_times(*decode.tiled_traffic(shape, cut, formats), gpu, params)
    sm_us = decode.sm_time(shape, cut, cycles, profile, gpu, params)
    mixed = terms.interference(sm_us, l2_us, dram_us)
    ctas, blocks = int(cut.ctas[0]), -(-int(cut.blocks[0]) // int(cut.parts[0]))
    resident = int(cut.occupancy[0])
    combine_us = float(decode.combine_us(cut, profile, params)[0])
    return (
        CtaKernel(
            name="attention",
            steps=np.full(ctas, float(blocks)),
            resident=resident,
            depth=KV_BUFFERS,
            stages=_blocks(
                float(ctas * blocks),
                mixed * float(dram_us[0]),
                mixed * float(l2_us[0]),
                cycles,
                params["block_cycles"],
                gpu.clock_mhz / mixed,
            ),
            prologue=_start(float(decode.fixed_us(shape, cut, profile, params)[0]), resident),
            before=(Span("launch", params["launch_us"], "launch"), append),
            after=(Span("cuda_core", combine_us, "combine"),) * (combine_us > 0),
            actions=_first(cost.actions),
        ),
    )


def _start(fixed_us: float, resident: int) -> tuple[Stage, ...]:
    """What a CTA takes besides its blocks. The fit found it per wave of CTAs, so those that share an SM share it too."""
    return (Stage(WAIT, fixed_us * (1 - 1 / resident), "start"), Stage("tensor_core", fixed_us / resident, "start"))


def _blocks(
    steps: float, dram_us: float, l2_us: float, cycles: terms.TileCycles, block_cycles: float, clock_mhz: float
) -> tuple[Stage, ...]:
    """Stages of one KV block: loads spread evenly over all blocks, the latency that a lone CTA sees, the steady state."""
    steady, softmax = (float(part[0]) / clock_mhz for part in (cycles.steady, cycles.softmax))
    return (
        Stage("dram", dram_us / steps, "load"),
        Stage("l2", l2_us / steps, "load"),
        Stage(WAIT, block_cycles / clock_mhz, "softmax", serial=True),
        Stage("tensor_core", steady, "multiply"),
        Stage("cuda_core", softmax, "softmax", beside=True),
    )


def _causal_steps(
    shape: Shape, cut: prefill.Cut, profile: AttentionProfile, params: Mapping[str, float], longest_first: bool
) -> Array:
    """KV blocks of every CTA, what the mask adds included, in the order of launch: head after head, each with its query tiles."""
    isl, step, window = (int(column[0]) for column in (shape.isl, shape.step, shape.window))
    pack, tile_m, tile_n, parts = (int(column[0]) for column in (cut.pack, cut.tile_m, cut.tile_n, cut.parts))
    walked = tile_blocks(isl, step, window, pack, tile_m, tile_n).astype(float)
    masked = params["mask_blocks"] * float(cut.tiles.masked[0]) / len(walked)
    blocks = walked + masked
    if profile.scans_window and window > 0:
        blocks = blocks + params["skipped_blocks"] * (tile_blocks(isl, step, 0, pack, tile_m, tile_n) - walked)
    blocks = np.repeat(blocks / parts, parts)
    return np.tile(blocks[::-1] if longest_first else blocks, int(cut.sequences[0]))


def _scalar(
    shape: Shape, formats: Precision, gpu: GpuResources, params: Mapping[str, float], cost: KernelCost, append: Span
) -> CtaKernel:
    kernel = decode.scalar_kernel(shape, formats, gpu, params)
    ctas = int(kernel.ctas[0])
    steps = ctas * SCALAR_STEPS
    tokens = -(-int(shape.tokens_read[0]) // int(kernel.parts[0]))
    l2_us, dram_us = decode.scalar_memory_times(shape, formats, gpu, params)
    return CtaKernel(
        name="attention",
        steps=np.full(ctas, float(SCALAR_STEPS)),
        resident=decode.SCALAR_CTAS_PER_SM,
        depth=SCALAR_STEPS,
        stages=(
            Stage("dram", float(dram_us[0]) / steps, "load"),
            Stage("l2", float(l2_us[0]) / steps, "load"),
            Stage(WAIT, params["scalar_chain_ns"] / NS_PER_US * tokens / SCALAR_STEPS, "chain", serial=True),
            Stage("cuda_core", float(kernel.cuda_us[0]) * gpu.sm_count / steps, "multiply", beside=True),
        ),
        prologue=(Stage("cuda_core", params["scalar_cta_us"], "start"),),
        before=(Span("launch", params["scalar_launch_us"], "launch"), append),
        actions=_first(cost.actions),
    )


def _first(actions: Mapping[str, Array]) -> dict[str, float]:
    return {name: float(count[0]) for name, count in actions.items()}
