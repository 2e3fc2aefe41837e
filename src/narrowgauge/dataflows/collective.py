"""Kernel families `all-reduce` and `all-gather` among the GPUs of one node: the algorithms that libraries choose from.

    latency = fixed latency × link_latency_us + received bytes / (share × link_gb_per_s)

Bytes that one GPU receives, for a tensor of S bytes among n ranks:

| algorithm | all-reduce | all-gather | who has it |
|---|---|---|---|
| one-shot: every rank reads the data of all its peers | (n-1)·S | (n-1)/n·S | vLLM, TensorRT-LLM, SGLang |
| two-shot: reduce-scatter, then all-gather, both direct | 2(n-1)/n·S | – | the same |
| ring, LL protocol (a flag beside every word) | 2(n-1)/n·S | (n-1)/n·S | NCCL |
| ring, Simple protocol | 2(n-1)/n·S | (n-1)/n·S | NCCL |

Every library takes the fastest that it has, which is what its thresholds are tuned for; the library `nccl` has the rings
alone, any other has all. NCCL's tree is left out: within a node it has as many hops as the ring (NCCL, src/graph/tuning.cc,
`ncclTopoTuneModel`).

No data set measures these families. The initial values are read off published tables, as shares of the link of the
specification, and meet them within 4 to 11 % on average:

* one-shot and two-shot on H100, vllm-project/vllm pull requests 24111 (6 ranks; 0.5, 1, 2, 4 MiB: 13, 21, 38, 70 us and
  15, 17, 26, 37 us) and 24532 (4 ranks: 10, 14, 23, 38 us and 17, 18, 26, 42 us);
* NCCL on H100, kvcache-ai/Mooncake pull request 3484 (8 ranks; 64 KiB, 0.5, 1, 2, 4, 8, 16, 32 MiB: 19, 20, 28, 41, 53,
  81, 121, 195 us) and vllm pull requests 24532 (4 ranks; 0.5, 1, 2, 4 MiB: 21, 23, 28, 39 us) and 24111 (6 ranks: 23, 25,
  43, 53 us);
* on A100, NCCL's own model assumes 235 of 300 GB/s (tuning.cc, `compCap80`).

Columns: `bytes` (of the whole tensor), `ranks`. Whole-model rows with tensor parallelism are the check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge import units
from narrowgauge.dataflows.family import FAMILIES, Array, Columns, KernelCost, Parameter, Variant
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError
from narrowgauge.registry import canonical

NCCL = "nccl"
#: upper edges of the size classes in bytes: decode, small prefill, large prefill
SIZE_EDGES = (1 << 18, 1 << 22, 1 << 26)

ONE_SHOT, TWO_SHOT, RING_LL, RING_SIMPLE = "one-shot", "two-shot", "ring-ll", "ring-simple"
ALGORITHMS = (ONE_SHOT, TWO_SHOT, RING_LL, RING_SIMPLE)

_LATENCY, _SHARE = "link latency", "share of the link's bandwidth"
_RING = (
    Parameter(
        "ring_base", 1.6, 0.2, 8.0, "link latencies", f"start of a ring in the LL protocol, in units of the {_LATENCY}", log=True
    ),
    Parameter(
        "ring_hop",
        0.1,
        0.01,
        1.0,
        "link latencies",
        f"one hop of a ring in the LL protocol, in units of the {_LATENCY}",
        log=True,
    ),
    Parameter("ring_slow", 2.2, 1.0, 6.0, "ratio", "latency of the Simple over the LL protocol", log=True),
    Parameter("ring_ll", 0.45, 0.1, 0.6, "ratio", f"{_SHARE} in the LL protocol"),
    Parameter("ring_simple", 0.82, 0.4, 1.0, "ratio", f"{_SHARE} in the Simple protocol"),
)
_DIRECT = (
    Parameter(
        "one_shot_base", 0.8, 0.1, 6.0, "link latencies", f"barriers of the one-shot kernel, in units of the {_LATENCY}", log=True
    ),
    Parameter(
        "two_shot_base",
        1.65,
        0.2,
        8.0,
        "link latencies",
        f"barriers of the two-shot kernel, in units of the {_LATENCY}",
        log=True,
    ),
    Parameter("one_shot", 0.75, 0.1, 1.0, "ratio", f"{_SHARE} in the one-shot kernel"),
    Parameter("two_shot", 0.5, 0.1, 1.0, "ratio", f"{_SHARE} in the two-shot kernel"),
)


@dataclass(eq=False)
class CollectiveFamily:
    """One collective. `passes`: how often a ring sends the data around, twice to reduce and share, once to gather."""

    name: str
    passes: int
    columns: tuple[str, ...] = ("bytes", "ranks")
    group: tuple[str, ...] = ("bytes",)

    def parameters(self, variant: Variant, gpu: GpuResources) -> tuple[Parameter, ...]:
        """Latencies in units of the machine's link latency, bandwidths as shares of its link."""
        return _RING if canonical(variant.library) == NCCL else _RING + _DIRECT

    def received(self, rows: Columns) -> dict[str, Array]:
        """Bytes that one GPU receives, by algorithm."""
        size, ranks = np.asarray(rows["bytes"], float), np.asarray(rows["ranks"], float)
        once = size * (ranks - 1) / ranks
        reduces = self.passes > 1
        around = once * self.passes
        return {
            ONE_SHOT: once * ranks if reduces else once,
            TWO_SHOT: around if reduces else np.full_like(once, np.inf),
            RING_LL: around,
            RING_SIMPLE: around,
        }

    def cost(self, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> KernelCost:
        """Cost of the fastest algorithm of each row; nothing for one rank or no bytes. Raises UnsupportedError without a link."""
        ranks = np.asarray(rows["ranks"], float)
        alone = (ranks <= 1) | (np.asarray(rows["bytes"]) == 0)
        if gpu.link_gb_per_s <= 0:
            if not alone.all():
                raise UnsupportedError(self._without_link(gpu))
            return self._nothing(ranks)
        received = self.received(rows)
        waits = self._waits(ranks, variant, params)
        names = list(waits)
        wait = np.stack([waits[name] * gpu.link_latency_us for name in names])
        rate = _bytes_per_us(gpu)
        move = np.stack([received[name] / (rate * params[name.replace("-", "_")]) for name in names])
        best = np.argmin(wait + move, axis=0)[None]
        fixed, link = (np.where(alone, 0.0, np.take_along_axis(part, best, 0)[0]) for part in (wait, move))
        moved = np.take_along_axis(np.stack([received[name] for name in names]), best, 0)[0]
        actions = {"link_byte": np.where(alone, 0.0, moved)}
        return KernelCost(fixed + link, {"launch": fixed, "link": link}, actions, {"algorithm": np.array(names)[best[0]]})

    def _waits(self, ranks: Array, variant: Variant, params: Mapping[str, float]) -> dict[str, Array]:
        """Latency of every algorithm that the library has, in link latencies."""
        ring = params["ring_base"] + params["ring_hop"] * self.passes * (ranks - 1)
        waits = {RING_LL: ring, RING_SIMPLE: ring * params["ring_slow"]}
        if canonical(variant.library) != NCCL:
            waits[ONE_SHOT] = np.full_like(ring, params["one_shot_base"])
            if self.passes > 1:
                waits[TWO_SHOT] = np.full_like(ring, params["two_shot_base"])
        return waits

    def _without_link(self, gpu: GpuResources) -> str:
        return f"{gpu.name} has no link to other GPUs; {self.name} needs one rank there"

    def _nothing(self, ranks: Array) -> KernelCost:
        zero = np.zeros(len(ranks))
        return KernelCost(zero, {"launch": zero, "link": zero}, {"link_byte": zero}, {"algorithm": np.full(len(ranks), RING_LL)})

    def roofline_us(self, rows: Columns, variant: Variant, gpu: GpuResources) -> Array:
        """Baseline: the bytes of a ring at the full bandwidth of the link, no latency; raises UnsupportedError without a link."""
        received = self.received(rows)[RING_SIMPLE]
        if gpu.link_gb_per_s <= 0 and received.any():
            raise UnsupportedError(self._without_link(gpu))
        return received / max(_bytes_per_us(gpu), 1.0)

    def features(self, rows: Columns, variant: Variant, gpu: GpuResources, cost: KernelCost) -> dict[str, Array]:
        """Size, ranks, and how much of the prediction is fixed latency."""
        latency = np.maximum(cost.latency_us, np.finfo(float).tiny)
        return {
            "log_bytes": np.log2(1 + np.asarray(rows["bytes"], float)),
            "ranks": np.asarray(rows["ranks"], float),
            "log_latency": np.log2(latency),
            "fixed_share": cost.busy_us["launch"] / latency,
            "algorithm": np.array([ALGORITHMS.index(name) for name in cost.choice["algorithm"]], float),
        }

    def size_class(self, rows: Columns) -> Array:
        """0 to 3 by message size, with the edges of `SIZE_EDGES`."""
        return np.asarray(np.digitize(rows["bytes"], SIZE_EDGES))


def _bytes_per_us(gpu: GpuResources) -> float:
    return gpu.link_gb_per_s * units.BYTES_PER_GB / units.US_PER_S


ALL_REDUCE = CollectiveFamily("all-reduce", passes=2)
ALL_GATHER = CollectiveFamily("all-gather", passes=1)
FAMILIES.register(ALL_REDUCE.name, ALL_REDUCE)
FAMILIES.register(ALL_GATHER.name, ALL_GATHER)
