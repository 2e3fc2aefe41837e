"""GEMM kernels for the event engine: the tile and split that the closed form chose, step by step along K.

What the closed form calls exposed is work that measurements showed not to hide behind the longest resource: barriers, and the
issue slots that the warps share. Here every stage of a step is longer by that share of the others' work, so that whichever
resource is the bottleneck pays it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from narrowgauge.dataflows.event.cta import WAIT, CtaKernel, Span, Stage
from narrowgauge.dataflows.family import Columns, KernelCost, Variant
from narrowgauge.dataflows.gemm import Gemm
from narrowgauge.dataflows.gemm_operands import operands_of
from narrowgauge.dataflows.gemm_search import (
    Numbers,
    gemv_time,
    overlapped,
    row_terms,
    sm_time,
    split_time,
    sustained,
    tile_terms,
)
from narrowgauge.dataflows.resources import GpuResources

#: the streaming kernel of a few rows: resident CTAs of an SM, and the steps in which each walks over its slice of K
GEMV_CTAS_PER_SM = 4
GEMV_STEPS = 8


def lower_gemm(
    rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float], cost: KernelCost
) -> tuple[CtaKernel, ...]:
    """The kernels of one row: the activation quantiser where it is timed with the GEMM, and the GEMM."""
    x = Gemm().numbers(variant, gpu, params)
    m, n, k = (float(np.asarray(rows[c])[0]) for c in Gemm.columns)
    actions = {name: float(count[0]) for name, count in cost.actions.items()}
    quantize = (Span("dram", float(cost.choice["quantize_us"][0]), "quantize"),) if operands_of(variant, gpu).quantizes else ()
    if cost.choice["tile_m"][0] == 0:
        return (_gemv(m, n, k, x, quantize, actions),)
    choice = {name: float(cost.choice[name][0]) for name in ("tile_m", "tile_n", "split_k", "ctas")}
    return (_tiled((m, n, k), choice, float(cost.busy_us["dram"][0]), x, quantize, actions),)


def _tiled(
    size: tuple[float, float, float],
    choice: Mapping[str, float],
    dram_us: float,
    x: Numbers,
    quantize: tuple[Span, ...],
    actions: Mapping[str, float],
) -> CtaKernel:
    m, n, k = size
    split, ctas = choice["split_k"], choice["ctas"]
    tile, row = tile_terms(choice["tile_m"], choice["tile_n"], x), row_terms(m, n, k, x)
    sm_us = sm_time(ctas / split, k, tile, split, x)
    split_us = split_time(ctas / split, size, tile, split, x)
    best_us = overlapped(sm_us, dram_us, x) + split_us
    slower = sustained(m, n, k, best_us, x) / best_us
    steps = np.ceil(k / (split * x.step_k))
    writes_us = row.writes / x.write_bytes_per_us
    cycle_us = slower / x.cycles_per_us
    port, l2 = tile.step_bytes / x.l2_sm_bytes, tile.step_bytes / x.l2_bytes
    exposed, work = x.exposed_step, port + tile.convert + tile.multiply
    unhidden_us = slower * x.exposed_dram * min(sm_us, dram_us) / (ctas * steps)  # per step of the whole GPU
    unhidden_sm_us = unhidden_us * min(x.sm_count, ctas)

    def of_sm(cycles: float) -> float:
        return float((cycles + exposed * (work - cycles)) * cycle_us + unhidden_sm_us)

    latency = max(0.0, x.step_latency - port)
    convert = (Stage("cuda_core", of_sm(tile.convert), "convert"),)
    return CtaKernel(
        name="gemm",
        steps=np.full(int(ctas), steps),
        resident=int(tile.resident),
        depth=int(tile.stages),
        stages=(
            Stage("dram", slower * (dram_us - writes_us) / (ctas * steps) + unhidden_us, "load"),
            Stage("l2", (l2 + exposed * (work - port) / x.sm_count) * cycle_us + unhidden_us, "load"),
            Stage("l2_port", of_sm(port), "load"),
            Stage(WAIT, latency * cycle_us, "load"),
            *(convert if tile.convert > 0 else ()),
            Stage("tensor_core", of_sm(tile.multiply), "multiply"),
        ),
        prologue=(Stage(WAIT, x.fill_latencies * x.step_latency * cycle_us, "start"),),
        epilogue=(
            Stage("tensor_core", tile.finish * cycle_us, "store"),
            Stage("dram", slower * writes_us / ctas, "store", beside=True, posted=True),
        ),
        before=(*quantize, Span("launch", slower * x.launch_us, "launch")),
        after=(Span("l2", slower * split_us, "reduce"),) if split > 1 else (),
        actions=actions,
    )


def _gemv(m: float, n: float, k: float, x: Numbers, quantize: tuple[Span, ...], actions: Mapping[str, float]) -> CtaKernel:
    row = row_terms(m, n, k, x)
    ctas = GEMV_CTAS_PER_SM * x.sm_count
    total = ctas * GEMV_STEPS
    arithmetic_us = m * n * k / x.gemv_macs_per_us
    best_us = float(gemv_time(m, n, k, row, x))
    slower = float(sustained(m, n, k, best_us, x)) / best_us
    l2_us = n * k * x.weight_bytes / (x.l2_bytes * x.cycles_per_us)
    return CtaKernel(
        name="gemv",
        steps=np.full(int(ctas), float(GEMV_STEPS)),
        resident=GEMV_CTAS_PER_SM,
        depth=GEMV_STEPS,
        stages=(
            Stage("dram", slower * row.reads / x.gemv_dram_bytes_per_us / total, "load"),
            Stage("l2", slower * l2_us / total, "load"),
            Stage(WAIT, slower * k * x.gemv_chain_us / GEMV_STEPS, "chain", serial=True),
            Stage("cuda_core", slower * arithmetic_us * x.sm_count / total, "multiply", beside=True),
        ),
        before=(*quantize, Span("launch", slower * (x.launch_us + row.ramp_us), "launch")),
        after=(Span("cuda_core", slower * x.gemv_us, "reduce"),),
        actions=actions,
    )
