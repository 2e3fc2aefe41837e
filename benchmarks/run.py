"""How fast is narrowgauge? One run, one table: GEMM prices per second, a whole model, cold processes. See README.md here.

python benchmarks/run.py
python benchmarks/run.py --json results.json --repeat 9
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from narrowgauge.archmodels import load_machine
from narrowgauge.calibration.basis import basis_of
from narrowgauge.calibration.calibrated import price
from narrowgauge.dataflows import gemm_search
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_operands import operands_of
from narrowgauge.dataflows.gemm_profiles import profile_of

ROWS = 100_000
NAIVE_ROWS = 12
KB_PER_MB = 1024
VARIANTS = (
    ("a100-sxm-80gb", Variant("bf16", "trtllm")),
    ("a100-sxm-80gb", Variant("w4a16", "trtllm")),
    ("h100-sxm", Variant("bf16", "trtllm")),
    ("h100-sxm", Variant("fp8-dynamic", "vllm")),
)
GEMM = FAMILIES["gemm"]


@dataclass(frozen=True)
class Measurement:
    """One line of the table. `target` is a bound in the same unit, None where nothing was promised; `ratios` are to the two
    yardsticks that were measured in the same run."""

    what: str
    value: float
    unit: str
    target: float | None = None
    ratios: dict[str, float] | None = None

    @property
    def verdict(self) -> str:
        """Whether the target is met; rates are to be at least their target, everything else at most."""
        if self.target is None:
            return ""
        kept = self.value >= self.target if self.unit.endswith("/s") else self.value <= self.target
        return "met" if kept else "missed"


def shapes(count: int) -> dict[str, np.ndarray]:
    """GEMMs as models have them: rows over five decades, channels in multiples of 64."""
    rng = np.random.default_rng(0)
    m = np.floor(2 ** rng.uniform(0, 15, count))
    n, k = (64 * np.ceil(2 ** rng.uniform(0, 9, count)) for _ in range(2))
    return {"m": m, "n": n, "k": k}


def seconds(work: Callable[[], object], repeat: int) -> float:
    """Median processor time of one call, after one that warms up. What else runs on the machine does not count."""
    work()
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def roofline(rows: dict[str, np.ndarray], bytes_per_us: float, macs_per_us: float, weight_bytes: float) -> np.ndarray:
    """The plain vectorised yardstick: compulsory bytes or multiplications, whichever takes longer."""
    m, n, k = rows["m"], rows["n"], rows["k"]
    moved = n * k * weight_bytes + 2.0 * (m * k + m * n)
    return np.maximum(moved / bytes_per_us, m * n * k / macs_per_us)


def naive(rows: dict[str, np.ndarray], variant: Variant, machine: str) -> list[float]:
    """The other yardstick: the same closed form in a plain Python loop over rows, tiles and splits."""
    gpu = load_machine(machine).resources
    operands = operands_of(variant, gpu)
    profile = profile_of(variant, operands.weight_only, gpu)
    x = GEMM.numbers(variant, gpu, basis_of("gemm", variant, load_machine(machine)).parameters)
    answer = []
    for m, n, k in zip(*(rows[name].tolist() for name in "mnk"), strict=True):
        row, best = gemm_search.row_terms(m, n, k, x), gemm_search.INFEASIBLE_US
        for t in profile.tiles:
            if not t.m_from <= m <= t.m_to:
                continue
            tile = gemm_search.tile_terms(float(t.m), float(t.n), x)
            grid_m, grid_n = np.ceil(m / (t.m * t.cluster_m)) * t.cluster_m, np.ceil(n / t.n)
            for split in profile.splits:
                sm_us = gemm_search.sm_time(grid_m * grid_n, k, tile, split, x)
                dram_us = gemm_search.dram_time(grid_m, grid_n, (m, n, k), (t.m, t.n), row, tile, split, x)
                added_us = gemm_search.split_time(grid_m * grid_n, (m, n, k), tile, split, x)
                best = min(best, gemm_search.overlapped(sm_us, dram_us, x) + added_us)
        best = min(best, gemm_search.gemv_time(m, n, k, row, x))
        answer.append(gemm_search.sustained(m, n, k, best, x))
    return answer


def gemm_prices(repeat: int) -> Iterator[Measurement]:
    """Prices per second of a large table on one warm core, for each variant."""
    for name, variant in VARIANTS:
        yield from prices_of(name, variant, repeat)


def prices_of(name: str, variant: Variant, repeat: int) -> Iterator[Measurement]:
    """The two yardsticks, then the two ways to price."""
    rows = shapes(ROWS)
    few = {column: values[:NAIVE_ROWS] for column, values in rows.items()}
    machine = load_machine(name)
    gpu, operands = machine.resources, operands_of(variant, machine.resources)
    params = basis_of("gemm", variant, machine).parameters
    peak = gpu.tensor_macs[operands.operand] * gpu.sm_count * gpu.tensor_clock_mhz
    rates = {
        "roofline": ROWS / seconds(lambda: roofline(rows, gpu.dram_bytes_per_us, peak, operands.weight_bytes), repeat),
        "plain loop": NAIVE_ROWS / seconds(lambda: naive(few, variant, name), 1),
    }
    label = f"GEMM {name} {variant}"
    yield Measurement(f"{label}: NumPy roofline", rates["roofline"], "rows/s")
    yield Measurement(f"{label}: same model, plain Python loop", rates["plain loop"], "rows/s")
    ways = {
        "tile search and physics": lambda: GEMM.cost(rows, variant, gpu, params),
        "with residual, interval, energy": lambda: price(machine, "gemm", variant, rows),
    }
    for way, work in ways.items():
        rate = ROWS / seconds(work, repeat)
        yield Measurement(f"{label}: {way}", rate, "rows/s", 500_000.0, {to: rate / slower for to, slower in rates.items()})


def whole_model(repeat: int) -> Iterator[Measurement]:
    """A prediction of Llama-3-8B in a warm process."""
    from narrowgauge.experiments.predict import predict

    for machine, scheme in (("h100-sxm", "bf16"), ("a100-sxm-80gb", "w4a16")):
        took = seconds(partial(predict, "llama-3-8b", machine, scheme), 5 * repeat)
        yield Measurement(f"predict llama-3-8b {scheme} on {machine}, warm", 1e3 * took, "ms", 10.0)


#: a process that starts with little memory of its own, which Linux would count into its child's peak
TIMER = """
import os, sys, time
start = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
status, usage = os.wait4(pid, 0)[1:]
print(status, time.perf_counter() - start, usage.ru_maxrss)
"""


def cold(arguments: list[str], repeat: int) -> tuple[float, float]:
    """Median wall time in seconds and the largest resident set in MB of a fresh process."""
    command = shutil.which("narrowgauge", path=str(Path(sys.executable).parent)) or shutil.which("narrowgauge")
    start_with = [command] if command else [sys.executable, "-c", "from narrowgauge.cli import main; main()"]
    times, peaks = [], []
    for _ in range(repeat):
        timer = [sys.executable, "-I", "-S", "-c", TIMER, *start_with, *arguments]
        status, took, peak = subprocess.run(timer, check=True, capture_output=True, text=True).stdout.split()
        if status != "0":
            raise SystemExit(f"narrowgauge {' '.join(arguments)} failed")
        times.append(float(took))
        peaks.append(int(peak) / KB_PER_MB)
    return statistics.median(times), max(peaks)


def processes(repeat: int) -> Iterator[Measurement]:
    """Commands from a cold process (the operating system's file cache is warm)."""
    for arguments, slowest in ((["--help"], 0.3), (["predict", "llama-3-8b", "--on", "h100-sxm"], 1.5)):
        cold(arguments, 1)
        took, peak = cold(arguments, repeat)
        label = f"narrowgauge {' '.join(arguments)}"
        yield Measurement(f"{label}: from a cold process", took, "s", slowest)
        yield Measurement(f"{label}: peak memory", peak, "MB", 500.0)


def line(one: Measurement) -> str:
    """One row of the printed table."""
    ratios = "  ".join(f"{ratio:,.3g} × {name}" for name, ratio in (one.ratios or {}).items())
    value = f"{one.value:,.0f}" if one.unit in ("rows/s", "MB") else f"{one.value:.3g}"
    target = "" if one.target is None else f"{one.target:,.0f}" if one.target >= 1 and one.unit != "s" else f"{one.target:g}"
    return f"{one.what:<76} {value:>12} {one.unit:<7} {target:>9} {one.verdict:<7} {ratios}".rstrip()


def main() -> None:
    """Measure, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions of which the median counts (default 5)")
    options = parser.parse_args()
    print(f"{'':<76} {'':>12} {'':<7} {'target':>9}")
    measured = []
    for part in (gemm_prices, whole_model, processes):
        for one in part(options.repeat):
            measured.append(one)
            print(line(one), flush=True)
    if options.json:
        host = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
        figures = [asdict(one) | {"verdict": one.verdict} for one in measured]
        options.json.write_text(json.dumps({"host": host, "measured": figures}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
