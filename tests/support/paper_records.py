"""A forward model: what `measure` would write on a GPU whose every number is known. No extractor takes part in it.

Every point of every registered bench gets an outcome. Samples scatter by 0.2 %; one of each point is throttled, a third slower,
and marked as the runner marks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from narrowgauge.kernels.backend import Properties
from narrowgauge.kernels.bench import Bench, Point, Timing, points
from narrowgauge.kernels.campaign import describe
from narrowgauge.kernels.discovery import load_benches
from narrowgauge.kernels.plan import source_hash
from narrowgauge.kernels.records import RecordFile
from narrowgauge.kernels.runner import record
from narrowgauge.kernels.telemetry import Reading
from narrowgauge.measurements import CheckRecord, Library, PointRecord, PowerWindow, Samples

SAMPLES, THROTTLED, SLOWER, NOISE = 7, 2, 1.3, 0.002
CLOCK_MHZ, WINDOW_S = 1395.0, 2.0

A100 = Properties(
    name="NVIDIA A100-SXM4-80GB", pci_bus_id="0000:01:00.0", architecture="sm80", sm_count=108, memory_bytes=80 * 10**9,
    l2_bytes=40 * 2**20, max_shared_bytes=163 * 1024, shared_bytes_per_sm=164 * 1024, registers_per_sm=65536,
    max_threads_per_sm=2048, max_blocks_per_sm=32, boost_clock_mhz=1410, memory_clock_mhz=1593, memory_bus_bits=5120, ecc=True,
    cuda="13.0",
)  # fmt: skip
H100 = Properties(
    name="NVIDIA H100 80GB HBM3", pci_bus_id="0000:01:00.0", architecture="sm90", sm_count=132, memory_bytes=80 * 10**9,
    l2_bytes=50 * 2**20, max_shared_bytes=227 * 1024, shared_bytes_per_sm=228 * 1024, registers_per_sm=65536,
    max_threads_per_sm=2048, max_blocks_per_sm=32, boost_clock_mhz=1980, memory_clock_mhz=2619, memory_bus_bits=5120, ecc=True,
    cuda="13.0",
)  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """The numbers of the paper board; macs and bytes per SM and cycle, latencies in cycles, energies in pJ."""

    macs: Mapping[str, float] = field(
        default_factory=lambda: {
            "f16": 1010, "bf16": 1008, "tf32": 505, "s8": 2020, "s4": 4000, "b1and": 16000, "b1xor": 16000, "e4m3": 3900,
            "e5m2": 3900,
        }
    )  # fmt: skip
    wgmma: float = 2.0  #: rate of wgmma over that of mma.sync
    mma_cycles: float = 25.0
    results: Mapping[str, float] = field(
        default_factory=lambda: {
            "ffma": 64, "hfma2_f16": 128, "iadd3": 64, "imad": 64, "lop3": 64, "shf": 32, "prmt": 64, "i2f_s32_f32": 16,
            "i2f_s8_f32": 16, "f2i_f32_s32": 16, "mufu_ex2": 16, "shfl": 32, "popc": 16,
        }
    )  # fmt: skip
    step_cycles: float = 4.5
    shared_bytes: float = 125.0
    shared_cycles: float = 29.0
    l1_cycles: float = 33.0
    near_cycles: float = 210.0
    far_cycles: float = 370.0
    dram_cycles: float = 560.0
    l2_bytes: float = 34.0
    dram_gb_per_s: float = 1800.0
    stream_us: float = 2.6
    graph_us: float = 1.4
    static_w: float = 70.0
    energy: Mapping[str, float] = field(
        default_factory=lambda: {"mac": 0.9, "alu": 9.0, "half2": 7.0, "smem": 1.5, "l2": 14.0, "dram": 95.0}
    )
    zero_share: float = 0.5  #: of the energy of an action, with operands of zero


class PaperBoard:
    """Writes records of a board that behaves as `truth` says; `failed` benches launch nothing."""

    def __init__(self, properties: Properties = A100, truth: Truth | None = None, noise: float = NOISE) -> None:
        self.properties, self.truth = properties, truth or Truth()
        self._rng, self._noise = np.random.default_rng(7), noise
        self._device = properties.device

    def write(
        self, folder: Path, suite: str = "quick", leave_out: tuple[str, ...] = (), only: tuple[str, ...] = ()
    ) -> RecordFile:
        """A campaign of the benches (all, or `only` these, without those that are left out)."""
        reading = Reading(sm_clock_mhz=CLOCK_MHZ, temperature_c=40, throttle_reasons=(), uuid_hash="ab" * 8, driver="580.1")
        file = RecordFile(folder, describe(self.properties, reading, suite, "13.0"))
        for name, bench in load_benches().items():
            if name not in leave_out and (not only or name in only):
                for point in points(bench, suite):
                    file.append(self._record(bench, point))
        return file

    def write_library(self, file: RecordFile, scheme: str, shapes: list[tuple[int, int, int]]) -> None:
        """Rows of a library that reaches 85 % of the tensor cores and of DRAM, and takes 2 us at least."""
        for m, n, k in shapes:
            compute = m * n * k / (0.85 * self.truth.macs["f16"] * self.properties.sm_count * CLOCK_MHZ)
            memory = 2 * (m * k + n * k + m * n) / (0.85 * self.truth.dram_gb_per_s * 1e3)
            axes = {"m": m, "n": n, "k": k, "scheme": scheme}
            write_library_row(file, "library-gemm", axes, 2.0 + max(compute, memory) * self._scattered())

    def _record(self, bench: Bench, point: Point) -> PointRecord:
        skipped = bench.skip(point, self._device)
        if skipped is not None:
            return record(bench, point, source_hash(bench), skipped=skipped)
        work = bench.work(point, self._device)
        if bench.timing is Timing.POWER:
            us = self._power_us(bench.name, point, work)
            window = self._window(self._power_w(bench.name, point, work, us), us)
            found = {"samples": self._samples(us, None), "power": window}
        elif bench.timing is Timing.CLOCK:
            cycles = self._cycles(bench.name, point, work)
            found = {"samples": self._samples(cycles / CLOCK_MHZ, cycles, *self._extremes(bench.name, cycles))}
        else:
            found = {"samples": self._samples(self._us(bench.name, point, work), None)}
        check = CheckRecord(what="of paper", error=0.0, tolerance=0.0, ok=True)
        return record(bench, point, source_hash(bench), work=dict(work), check=check, **found)

    # --- what a launch takes ---------------------------------------------------------------------------------------------
    def _cycles(self, bench: str, point: Point, work: Mapping[str, float]) -> float:
        truth = self.truth
        match bench:
            case "mma-sync":
                chains = work["warps_per_sm"] * work["ilp"]
                each = work["macs_per_sm"] / work["instructions"] / work["warps_per_sm"]
                return work["macs_per_sm"] / min(self._macs(point), chains * each / truth.mma_cycles)
            case "wgmma":
                return work["macs_per_sm"] / (truth.wgmma * self._macs(point))
            case "cuda-core":
                packed = 2 if str(point["step"]).startswith(("hfma2", "hadd2")) else 1
                lanes = 32 * packed * int(point["warps"])
                peak = packed * truth.results.get(str(point["step"]), 32)
                return work["instructions"] * lanes / min(peak, lanes * int(point["ilp"]) / truth.step_cycles)
            case "shared-bandwidth" | "l1-bandwidth" | "ldmatrix":
                each = work["bytes_per_sm"] / work["instructions"]
                return work["bytes_per_sm"] / min(truth.shared_bytes, each / truth.shared_cycles * 8)
            case "shared-latency":
                return work["loads"] * truth.shared_cycles
            case "memory-latency":
                return work["loads"] * self._level(point)
            case "l2-latency-by-place":
                return work["loads"] * (truth.near_cycles + truth.far_cycles) / 2
            case _:
                return 1000.0

    def _macs(self, point: Point) -> float:
        name = str(point["instruction"])
        sparse, element = name.startswith("sp_"), name.removeprefix("sp_").split("_")[0]
        return self.truth.macs[element] * (2 if sparse else 1)

    def _level(self, point: Point) -> float:
        kb, l2_kb = int(point["working_set_kb"]), self.properties.l2_bytes >> 10
        if point["through"] == "l1" and kb <= 128:
            return self.truth.l1_cycles
        if kb <= l2_kb // 3:
            return self.truth.near_cycles
        return self.truth.dram_cycles if kb >= 2 * l2_kb else 0.5 * (self.truth.near_cycles + self.truth.dram_cycles)

    def _extremes(self, bench: str, cycles: float) -> tuple[float, float]:
        if bench != "l2-latency-by-place":
            return 1.0, 1.0
        middle = (self.truth.near_cycles + self.truth.far_cycles) / 2
        return self.truth.near_cycles / middle, self.truth.far_cycles / middle

    def _us(self, bench: str, point: Point, work: Mapping[str, float]) -> float:
        if bench == "memory-stream":
            return work["bytes"] / self._bytes_per_us(point)
        return {"launch-stream": self.truth.stream_us, "launch-graph": self.truth.graph_us}.get(bench, 10.0)

    def _bytes_per_us(self, point: Point) -> float:
        on_chip = int(point["percent_of_l2"]) <= 60
        return self.truth.l2_bytes * self.properties.sm_count * CLOCK_MHZ if on_chip else self.truth.dram_gb_per_s * 1e3

    # --- power -----------------------------------------------------------------------------------------------------------
    def _power_us(self, bench: str, point: Point, work: Mapping[str, float]) -> float:
        sms = self.properties.sm_count
        match bench:
            case "power-mma-sync" | "power-wgmma":
                return work["macs"] / (self._macs(point) * sms * CLOCK_MHZ)
            case "power-cuda-core":
                return work["instructions"] * 32 * work["warps_per_sm"] / (64 * CLOCK_MHZ)
            case "power-shared-memory":
                return work["bytes_per_sm"] / (self.truth.shared_bytes * CLOCK_MHZ)
            case _:
                return work["bytes"] / self._bytes_per_us(point)

    def _power_w(self, bench: str, point: Point, work: Mapping[str, float], us: float) -> float:
        e, sms = self.truth.energy, self.properties.sm_count
        match bench:
            case "power-mma-sync" | "power-wgmma":
                pj = work["macs"] * e["mac"]
            case "power-cuda-core":
                pj = (
                    work["instructions"]
                    * 32
                    * work["warps_per_sm"]
                    * sms
                    * e["half2" if "hfma2" in str(point["step"]) else "alu"]
                )
            case "power-shared-memory":
                pj = work["bytes_per_sm"] * sms * e["smem"]
            case _:
                pj = work["bytes"] * (e["l2"] + (e["dram"] if int(point["percent_of_l2"]) > 100 else 0.0))
        share = self.truth.zero_share if point.get("data") == "zero" else 1.0
        return self.truth.static_w + share * pj / us / 1e6

    def _window(self, watts: float, us: float) -> PowerWindow:
        launches = max(1, round(WINDOW_S * 1e6 / us))
        seconds = launches * us / 1e6
        return PowerWindow(
            energy_mj=watts * self._scattered() * seconds * 1e3,
            seconds=seconds,
            launches=launches,
            idle_before_w=self.truth.static_w - 5,
            idle_after_w=self.truth.static_w * self._scattered(),
            temperature_c=60,
            throttle_reasons=(),
        )

    # --- samples ---------------------------------------------------------------------------------------------------------
    def _scattered(self) -> float:
        return 1 + self._noise * float(self._rng.normal())

    def _samples(self, us: float, cycles: float | None, least: float = 1.0, most: float = 1.0) -> Samples:
        slow = [SLOWER if index == THROTTLED else 1.0 for index in range(SAMPLES)]
        scatter = [self._scattered() for _ in range(SAMPLES)]
        counted = [] if cycles is None else [cycles * s * (1.2 if t > 1 else 1.0) for s, t in zip(scatter, slow, strict=True)]
        return Samples(
            elapsed_us=tuple(us * s * t for s, t in zip(scatter, slow, strict=True)),
            cycles=tuple(counted),
            cycles_min=tuple(least * c for c in counted),
            cycles_max=tuple(most * c for c in counted),
            clock_mhz=tuple(CLOCK_MHZ / t for t in slow),
            discarded={THROTTLED: "SM clock 1073 MHz, 77 % of the median"},
        )


def write_library_row(file: RecordFile, bench: str, axes: Mapping[str, int | str], us: float) -> None:
    """One row of a library that takes the same time in every sample."""
    named = {"bench": bench, "question": "", "timing": "graph", "axes": {**axes, "data": "random"}, "source_hash": "torch"}
    library = Library(name="torch", version="2.9")
    file.append(PointRecord.model_validate({**named, "samples": Samples(elapsed_us=(us,) * SAMPLES), "library": library}))
