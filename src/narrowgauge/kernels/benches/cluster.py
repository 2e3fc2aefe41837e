"""Distributed shared memory of Hopper: latency and bandwidth of the next block's memory, by the size of the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels import chains
from narrowgauge.kernels.bench import BENCHES, LOOP_CONTROL, Array, Check, Device, InnerLoop, Launch, Operands, Point, Timing

CHASE, LOADS = 32, 16  #: loads of one pass, in cluster.cu
_WORDS, _SLOTS = 8192, 4096  #: of the memory, in words and in addresses
_STEP_WORDS, _LANE_WORDS, _LANES_APART = 512, 4, 128
_WARP = 32
_ALONE_BYTES = 96 << 10  #: of shared memory asked for besides, so that every block has an SM to itself
_DIVERGENCE = ("BSSY", "BSYNC", "WARPSYNC")  #: one thread walks
_WINDOW = ("S2R", "MOV")  #: where the cluster's memory begins


@dataclass(frozen=True)
class ClusterLatency:
    """One thread of every block walks a ring in the memory of the next block."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int = 32  #: timed passes of 32 loads; one more goes before them
    timing: Timing = Timing.CLOCK
    source: str = "cluster.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """Clusters exist from sm_90 on."""
        return _unavailable(device)

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """For every slot the one that follows it, and where each block's walk ends."""
        order = rng.permutation(_SLOTS)
        following = np.empty(_SLOTS, np.uint32)
        following[order] = np.roll(order, -1)
        return Operands({"following": following}, {"out": ((_blocks(point, device),), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """As many whole clusters as SMs allow."""
        size = int(point["cluster"])
        arguments = ("following", "out", "clocks", _SLOTS, self.iterations)
        return Launch(f"cluster_latency_{size}", _blocks(point, device), 128, arguments, cluster=size)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The slot where the same walk ends on the host."""
        here = 0
        for _ in range(CHASE * (self.iterations + 1)):
            here = int(inputs["following"][here])
        return chains.words(outputs["out"], np.full_like(outputs["out"], here), "blocks whose walk ends elsewhere")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed loads of a thread."""
        return {"loads": CHASE * self.iterations}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """32 loads."""
        return InnerLoop({"LD.E.64": CHASE}, (*LOOP_CONTROL, *_DIVERGENCE))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """One per size of a cluster."""
        return tuple(f"cluster_latency_{size}" for size in self.axes["cluster"]) if architecture == "sm90" else ()


@dataclass(frozen=True)
class ClusterBandwidth:
    """All threads of every block load 16 bytes at a time from the memory of the next block."""

    name: str
    question: str
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int = 64  #: timed passes of 16 loads; one more goes before them
    timing: Timing = Timing.CLOCK
    source: str = "cluster.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """Clusters exist from sm_90 on."""
        return _unavailable(device)

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Random words, to which every block adds its rank, and a sum per thread."""
        threads = int(point["warps"]) * _WARP
        data = rng.integers(0, 1 << 32, _WORDS, dtype=np.uint32)
        return Operands({"data": data}, {"out": ((_blocks(point, device), threads), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """As many whole clusters as SMs allow, one block to an SM."""
        size = int(point["cluster"])
        return Launch(
            f"cluster_bandwidth_{size}",
            _blocks(point, device),
            int(point["warps"]) * _WARP,
            ("data", "out", "clocks", self.iterations),
            shared_bytes=_ALONE_BYTES,
            cluster=size,
        )

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """The sums of what each thread loads from its neighbour."""
        size, blocks = int(point["cluster"]), _blocks(point, device)
        lane = np.arange(int(point["warps"]) * _WARP) % _LANES_APART * _LANE_WORDS
        places = lane[:, None, None] + _STEP_WORDS * np.arange(LOADS)[:, None] + np.arange(_LANE_WORDS)
        sums = inputs["data"][places].sum(axis=(1, 2), dtype=np.uint32)
        neighbour = ((np.arange(blocks) + 1) % size).astype(np.uint32)
        expected = (sums + neighbour[:, None] * np.uint32(LOADS * _LANE_WORDS)) * np.uint32(self.iterations + 1)
        return chains.words(outputs["out"], expected, "sums that differ from those in NumPy")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed loads of a warp and the bytes that one block brings; all blocks do the same."""
        loads, warps = LOADS * self.iterations, int(point["warps"])
        return {"instructions": loads, "warps_per_sm": warps, "bytes_per_sm": loads * warps * _WARP * _LANE_WORDS * 4}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """16 loads and the additions of what they bring."""
        return InnerLoop({"LD.E.128": LOADS}, (*LOOP_CONTROL, *_WINDOW))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """One per size of a cluster."""
        return tuple(f"cluster_bandwidth_{size}" for size in self.axes["cluster"]) if architecture == "sm90" else ()


def _unavailable(device: Device) -> str | None:
    return None if device.architecture == "sm90" else "clusters of blocks need sm_90"


def _blocks(point: Point, device: Device) -> int:
    size = int(point["cluster"])
    return max(1, device.sm_count // size) * size


BENCHES.register(
    "cluster-latency",
    ClusterLatency(
        name="cluster-latency",
        question="How long does a load from the shared memory of another SM take, by cluster size?",
        axes={"cluster": (2, 4, 8)},
        quick={"cluster": (2,)},
    ),
)
BENCHES.register(
    "cluster-bandwidth",
    ClusterBandwidth(
        name="cluster-bandwidth",
        question="How many bytes per cycle come from the shared memory of another SM, by cluster size?",
        axes={"cluster": (2, 4, 8), "warps": (4, 8, 16, 32)},
        quick={"cluster": (2,), "warps": (32,)},
    ),
)
