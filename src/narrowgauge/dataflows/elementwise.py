"""Kernel family `elementwise`: norms, activations, RoPE, residuals, lookups, quantisation; everything without a matrix product.

One closed form serves all of them:

    latency = launches + (chain^q + dram^q + l2^q)^(1/q),  q = OVERLAP

* `chain` is what one SM does in sequence. A CTA that owns a row walks over it in steps of threads × access width; a step
  waits for its dependent round trips (to the L2, or to DRAM for the part that missed) and issues its instructions; waves of
  CTAs follow each other as threads fit on the SMs. This, not bandwidth, is what kernels with two-byte accesses spend their
  time on. A flat grid has a ramp and its instructions instead; a lookup of few rows walks over them one after another.
* `dram` are the bytes that miss the L2: a working set far below its capacity is still there from the kernel before, one far
  above is gone.
* `l2` are all bytes of every round trip.

A `Variant` names the operation (see `elementwise_ops`) in `precision` and who wrote the kernel in `library`. Columns: `rows`
(tokens), `width`, and optionally `second_width` (default 0) and `tensor_parallel` (default 1; only the residual looks at it:
the matrix products around the kernel lower the clock and fill the L2). Latency never falls when rows grow, and never below
the roofline of DRAM and L2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from narrowgauge.dataflows.elementwise_grid import Grid, Traffic, column, grid, traffic
from narrowgauge.dataflows.elementwise_ops import Launch, Operation, Shape, launch, operation, sibling
from narrowgauge.dataflows.family import FAMILIES, Array, Columns, KernelCost, Parameter, Variant
from narrowgauge.dataflows.resources import GpuResources

#: sharpness of the maximum over resources: 1 would add them (no overlap), infinity hide all but the longest
OVERLAP = 4.0
#: how sharply the L2 turns from warm to cold around its capacity: what one stream reads again is there or gone at once, the
#: operands of a flat kernel (a residual and the output of the layer before it) differ in age and fade
MISS_SHARPNESS = {Shape.ROW: 4.0, Shape.FLAT: 2.0, Shape.GATHER: 4.0}
#: the instruction class whose rate the slots of `Operation.work` are counted in
ISSUE_PIPE = "lop3"
#: edges in bytes of the size classes (16-bit in and out): in any L2, around the capacity of one, streaming, long streams
SIZE_EDGES = (1 << 22, 1 << 25, 1 << 28)
BYTES_IN_AND_OUT = 4

_LAUNCH = Parameter(
    "launch", 1.0, 0.5, 6.0, "graph launches", "time of a kernel that does nothing, in launches inside a CUDA graph", log=True
)
_LATENCY = Parameter("latency", 0.8, 0.1, 6.0, "ratio", "exposed over unloaded round trip, below 1 where loads overlap", log=True)
_QUEUE = Parameter("queue", 1.5, 1.0, 6.0, "ratio", "loaded over unloaded extra latency of DRAM behind the L2", log=True)
_START = Parameter("start", 800.0, 10.0, 20000.0, "cycle", "start, barriers and drain of one CTA; ramp of a flat grid", log=True)
_ISSUE = Parameter("issue", 20.0, 0.2, 400.0, "slot/access", "address, loop and conversion instructions of one access", log=True)
_DIVIDE = replace(_ISSUE, initial=110.0, meaning="address instructions of one lookup access, an integer division among them")
_DRAM = Parameter("dram", 0.86, 0.75, 0.99, "ratio", "share of the pin bandwidth that streams reach")
_L2 = Parameter("l2", 0.7, 0.2, 1.0, "ratio", "share of the L2 bandwidth that a flat grid reaches")
_KEEP = Parameter("keep", 0.7, 0.1, 2.0, "ratio", "bytes moved over the L2 capacity at which half of them miss", log=True)
_PARAMETERS = {
    Shape.ROW: (_LAUNCH, _LATENCY, _QUEUE, _START, _ISSUE, _DRAM, _KEEP),
    Shape.FLAT: (_LAUNCH, _START, _ISSUE, _DRAM, _L2, _KEEP),
    Shape.GATHER: (_LAUNCH, _LATENCY, _START, _DIVIDE, _DRAM, _KEEP),
}


def _chain_cycles(
    rows: Columns, op: Operation, form: Launch, cut: Grid, miss: Array, gpu: GpuResources, params: Mapping[str, float]
) -> tuple[Array, Array]:
    """Cycles that an SM waits for memory and cycles that it issues instructions in."""
    issue = (cut.elements_per_sm * op.work + cut.accesses_per_sm * params["issue"]) / gpu.alu_results[ISSUE_PIPE]
    if form.shape is Shape.ROW:
        first = gpu.l2_latency_cycles + miss * (gpu.dram_latency_cycles - gpu.l2_latency_cycles) * params["queue"]
        trips = first + (op.rounds - 1) * gpu.l2_latency_cycles
        return cut.waves * (cut.steps * trips * params["latency"] + params["start"]), issue
    wait = np.where(cut.ctas > 0, params["start"], 0.0)
    if form.serial_rows:
        tokens = column(rows, "rows")
        lookup = (gpu.l2_latency_cycles + gpu.dram_latency_cycles) * params["latency"]
        wait = wait + np.where(tokens <= form.serial_rows, tokens * lookup, 0.0)
    return wait, issue


def _missing_share(moved: Traffic, shape: Shape, gpu: GpuResources, params: Mapping[str, float]) -> Array:
    """Share of the bytes that the L2 no longer holds."""
    load: Array = (moved.total / (params["keep"] * gpu.l2_bytes)) ** MISS_SHARPNESS[shape]
    return np.asarray(load / (1 + load))


class ElementwiseFamily:
    """Memory-bound operations without a matrix product; see the module's docstring."""

    name: str = "elementwise"
    columns: tuple[str, ...] = ("rows", "width")
    group: tuple[str, ...] = ("width",)

    def sibling(self, variant: Variant) -> Variant:
        """The measured variant whose fitted parameters serve this one."""
        return sibling(variant)

    def parameters(self, variant: Variant, gpu: GpuResources) -> tuple[Parameter, ...]:
        """Launch, latency, instruction and memory parameters of the grid shape; raises InputError for an unknown operation."""
        return _PARAMETERS[launch(variant).shape]

    def cost(self, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> KernelCost:
        """Latency, busy times and actions of every row; raises InputError for an unknown operation, UnsupportedError for an
        architecture whose residency limits are unknown."""
        op, form = operation(variant), launch(variant)
        moved, cut = traffic(rows, op), grid(rows, op, form, gpu)
        miss = _missing_share(moved, form.shape, gpu, params)
        wait, issue = _chain_cycles(rows, op, form, cut, miss, gpu, params)
        l2_bytes = moved.total + (op.rounds - 1) * moved.read
        l2_rate = gpu.l2_bytes_per_sm_cycle * gpu.sm_count * gpu.cycles_per_us * params.get("l2", 1.0)
        busy = {
            "launch": np.where(moved.elements > 0, op.kernels * params["launch"] * gpu.graph_launch_us, 0.0),
            "latency": wait / gpu.cycles_per_us,
            "cuda_core": issue / gpu.cycles_per_us,
            "dram": moved.total * miss / (gpu.dram_bytes_per_us * params["dram"]),
            "l2": l2_bytes / l2_rate,
        }
        work = ((busy["latency"] + busy["cuda_core"]) ** OVERLAP + busy["dram"] ** OVERLAP + busy["l2"] ** OVERLAP) ** (
            1 / OVERLAP
        )
        actions = {"dram_byte": moved.total * miss, "l2_byte": l2_bytes, "alu_fp32": moved.elements * op.work}
        return KernelCost(busy["launch"] + work, busy, actions, {"ctas": cut.ctas, "waves": cut.waves, "steps": cut.steps})

    def roofline_us(self, rows: Columns, variant: Variant, gpu: GpuResources) -> Array:
        """Baseline: all bytes once from and to DRAM at its pins, or the arithmetic at its peak, whichever takes longer."""
        op = operation(variant)
        moved = traffic(rows, op)
        arithmetic = moved.elements * op.work / (gpu.alu_results[ISSUE_PIPE] * gpu.sm_count * gpu.cycles_per_us)
        return np.maximum(moved.total / gpu.dram_bytes_per_us, arithmetic)

    def features(self, rows: Columns, variant: Variant, gpu: GpuResources, cost: KernelCost) -> dict[str, Array]:
        """Size, shape, schedule and the share of every resource in the prediction; logarithms to the base 2."""
        size = np.log2(1 + column(rows, "rows") * (column(rows, "width") + column(rows, "second_width")))
        latency = np.maximum(cost.latency_us, np.finfo(float).tiny)
        fill = cost.actions["l2_byte"] / gpu.l2_bytes
        return {
            "log_rows": np.log2(1 + column(rows, "rows")),
            "second_share": column(rows, "second_width") / np.maximum(column(rows, "width"), 1),
            "log_size": size,
            "log_tensor_parallel": np.log2(column(rows, "tensor_parallel", 1.0)),
            "log_l2_fill": np.log2(fill + 1 / gpu.l2_bytes),
            "waves": np.minimum(cost.choice["waves"], 16),
            "steps": cost.choice["steps"],
            "log_latency": np.log2(latency),
            **{f"{name}_share": cost.busy_us[name] / latency for name in ("latency", "cuda_core", "dram", "l2")},
        }

    def size_class(self, rows: Columns) -> Array:
        """0 to 3 by the bytes that 16-bit elements in and out amount to, with the edges of `SIZE_EDGES`."""
        elements = column(rows, "rows") * (column(rows, "width") + column(rows, "second_width"))
        return np.asarray(np.digitize(elements * BYTES_IN_AND_OUT, SIZE_EDGES))


ELEMENTWISE = ElementwiseFamily()
FAMILIES.register(ELEMENTWISE.name, ELEMENTWISE)
