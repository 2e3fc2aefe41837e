"""A GPU of paper: buffers are NumPy arrays, kernels Python functions, time is counted, and everything can go wrong on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from narrowgauge.kernels.backend import Argument, DeviceLostError, LaunchRefusedError, OutOfMemoryError, Properties
from narrowgauge.kernels.bench import Array, Bench, Check, Device, InnerLoop, Launch, Operands, Point, Timing
from narrowgauge.kernels.compile import Binary
from narrowgauge.kernels.records import CLOCK
from narrowgauge.kernels.telemetry import Reading

PROPERTIES = Properties(
    name="NVIDIA Paper 90",
    pci_bus_id="0000:01:00.0",
    architecture="sm90",
    sm_count=4,
    memory_bytes=10**9,
    l2_bytes=4096,
    max_shared_bytes=227 * 1024,
    shared_bytes_per_sm=228 * 1024,
    registers_per_sm=65536,
    max_threads_per_sm=2048,
    max_blocks_per_sm=32,
    boost_clock_mhz=2000,
    memory_clock_mhz=2500,
    memory_bus_bits=5120,
    ecc=True,
    cuda="13.0",
)
IDLE_W, LOAD_W = 80.0, 400.0
PROBE_NS = 100_000


@dataclass(eq=False)
class PaperBuffer:
    data: np.ndarray

    @property
    def size(self) -> int:
        return self.data.nbytes


@dataclass(eq=False)
class PaperWork:
    entry: str
    grid: int
    arguments: Sequence[Argument]
    inner: tuple[PaperWork, ...] = ()
    rounds: int = 1


def scale(grid: int, x: PaperBuffer, out: PaperBuffer, *rest: Argument) -> None:
    out.data[:] = (2 * x.data.view(np.float32)).view(np.uint8)


@dataclass
class PaperGpu:
    """A device and its telemetry in one. `clock_mhz(n)` is the SM clock of launch n; the timed region of a launch is 40,000
    cycles, or the spinning time of the probe; `events` tells what was done."""

    properties: Properties = PROPERTIES
    clock_mhz: Callable[[int], float] = lambda n: 2000.0
    kernel: Callable[..., None] = scale
    refuses: bool = False
    lost_at: int | None = None
    free: int = 10**9
    energy_counter: bool = True
    now_s: float = 0.0
    energy_mj: float = 0.0
    launches: int = 0
    live: int = 0
    events: list[str] = field(default_factory=list)

    # --- time -----------------------------------------------------------------------------------------------------------
    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self._pass(seconds, IDLE_W)

    def _pass(self, seconds: float, watts: float) -> None:
        self.now_s += seconds
        self.energy_mj += seconds * watts * 1e3

    def read(self) -> Reading:
        if not self.energy_counter:
            return Reading(unavailable={"energy_mj": "Not Supported"})
        return Reading(sm_clock_mhz=2000, energy_mj=self.energy_mj, temperature_c=40, throttle_reasons=(), uuid_hash="ab" * 8)

    # --- memory ---------------------------------------------------------------------------------------------------------
    def free_bytes(self) -> int:
        return self.free

    def allocate(self, size: int) -> PaperBuffer:
        if size > self.free:
            raise OutOfMemoryError(f"no room for {size} bytes")
        self.live += 1
        return PaperBuffer(np.zeros(size, np.uint8))

    def release(self, buffer: PaperBuffer) -> None:
        self.live -= 1

    def upload(self, buffer: PaperBuffer, array: Array) -> None:
        buffer.data[:] = array.reshape(-1).view(np.uint8)

    def download(self, buffer: PaperBuffer, array: Array) -> None:
        array.reshape(-1).view(np.uint8)[:] = buffer.data

    def poison(self, buffer: PaperBuffer) -> None:
        self.events.append("poison")
        buffer.data[:] = 0xFF

    def flush_l2(self) -> None:
        self.events.append("flush")

    # --- work -----------------------------------------------------------------------------------------------------------
    def prepare(self, binary: Binary, launch: Launch, arguments: Sequence[Argument]) -> PaperWork:
        if self.refuses and launch.entry != "clock_probe":
            raise LaunchRefusedError("cuFuncSetAttribute: invalid argument (error 1)")
        return PaperWork(launch.entry, launch.grid, arguments)

    def capture(self, works: Sequence[PaperWork], rounds: int) -> PaperWork:
        self.live += 1
        return PaperWork("graph", 0, (), tuple(works), rounds)

    def discard(self, work: PaperWork) -> None:
        self.live -= work.entry == "graph"

    def elapsed_us(self, works: Sequence[PaperWork], rounds: int = 1) -> float:
        return sum(self._launch(work) for _ in range(rounds) for work in works)

    def _launch(self, work: PaperWork) -> float:
        if work.entry == "graph":
            return self.elapsed_us(work.inner, work.rounds)
        self.events.append(work.entry)
        probing = work.entry == "clock_probe"
        if self.lost_at == self.launches and not probing:
            raise DeviceLostError("cuStreamQuery: an illegal memory access was encountered (error 700)")
        mhz = self.clock_mhz(self.launches)
        nanoseconds = PROBE_NS if probing else 40_000 / mhz * 1e3
        if not probing:
            self.launches += 1
            self.kernel(work.grid, *work.arguments)
        for buffer in (a for a in work.arguments if isinstance(a, PaperBuffer) and a.size == work.grid * CLOCK.itemsize):
            self._stamp(buffer, work.grid, round(nanoseconds), mhz)
        self._pass(nanoseconds / 1e9, LOAD_W)
        return nanoseconds / 1e3

    def _stamp(self, buffer: PaperBuffer, blocks: int, nanoseconds: int, mhz: float) -> None:
        records = buffer.data.view(CLOCK)
        begin = 32 * (round(self.now_s * 1e9 / 32) + np.arange(blocks))
        nanoseconds = 32 * round(nanoseconds / 32)
        records["start_ns"], records["stop_ns"] = begin, begin + nanoseconds
        records["start_cycles"], records["stop_cycles"] = 1000, 1000 + round(nanoseconds * mhz / 1e3)
        records["sm"] = records["block"] = np.arange(blocks)


SOURCE = """\
#include "bench.cuh"
extern "C" __global__ void scale(const float* x, float* out, Clock* clocks, int n) {
    const Timer timer;
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 2.0f * x[i];
    timer.stop(clocks);
}

extern "C" __global__ void scale_untimed(const float* x, float* out, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 2.0f * x[i];
}
"""


@dataclass(frozen=True)
class Scale:
    """Doubles numbers; `rotating` times 1 kB of input."""

    timing: Timing = Timing.CLOCK
    name: str = "scale"
    question: str = "How long does it take to double numbers?"
    source: str = "scale.cu"
    axes: dict[str, tuple[int | str, ...]] = field(default_factory=lambda: {"n": (64, 256), "data": ("random", "zero")})
    quick: dict[str, tuple[int | str, ...]] = field(default_factory=lambda: {"n": (256,)})
    refused: int = 0
    arguments: tuple[str | int | float, ...] = ("x", "out", "clocks")
    entry: str = "scale"
    tolerance: float = 1e-6

    def skip(self, point: Point, device: Device) -> str | None:
        return "this size is not asked here" if point["n"] == self.refused else None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        n = int(point["n"])
        x = rng.normal(size=n).astype(np.float32) * (point["data"] == "random")
        return Operands({"x": x.astype(np.float32)}, {"out": ((n,), np.dtype(np.float32))}, rotate=("x",))

    def launch(self, point: Point, device: Device) -> Launch:
        return Launch(self.entry, 4, 64, (*self.arguments, int(point["n"])))

    def check(self, point: Point, device: Device, inputs: dict[str, Array], outputs: dict[str, Array]) -> Check:
        return Check(float(np.abs(outputs["out"] - 2.0 * inputs["x"].astype(float)).max()), self.tolerance, "largest difference")

    def work(self, point: Point, device: Device) -> dict[str, float]:
        return {"bytes": 8.0 * int(point["n"])}

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        return None

    def entries(self, architecture: str) -> tuple[str, ...]:
        return ("scale", "scale_untimed")


_: Bench = Scale()
