"""How fast are sweeps? Whole command lines from file to shards, on one and two cores, on Dask and Ray; resume; a plain loop.

python benchmarks/sweep.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

REQUESTS = """\
model: llama-3-8b
machine: [a100-sxm-80gb, h100-sxm]
scheme: [bf16, w4a16-g128]
batch: {range: [1, 250]}
input: {linear: [128, 4096, 25]}
output: [64, 256]
"""
NUMBERS = """\
model: llama-3-8b
machine: a100-sxm-80gb
scheme: w4a16-g128
batch: 8
override:
  dram.bandwidth_gb_per_s: {linear: [1000, 9000, 1000]}
  l2.capacity_mb: {log: [10, 200, 1000]}
"""
LOOP_POINTS = 200


def command(file: Path, out: Path, *options: str) -> dict[str, float]:
    """One run of the command in a process of its own: what it says, and the wall time from start to exit."""
    started = time.perf_counter()
    program = str(Path(sys.executable).with_name("narrowgauge"))
    done = subprocess.run([program, "sweep", str(file), "-o", str(out), "--json", "-", *options], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return {**json.loads(done.stdout), "wall_s": time.perf_counter() - started}


def show(what: str, outcome: dict[str, float]) -> None:
    rate = f"{outcome['computed'] / outcome['wall_s'] * 60:>12,.0f} points/min" if outcome["computed"] else " " * 23
    print(f"{what:<66}{rate} {outcome['wall_s']:8.1f} s  {outcome['failed']:,} without result", flush=True)


@contextmanager
def dask() -> Iterator[list[str]]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        yield ["--executor", "dask", "--address", cluster.scheduler_address]


def loop() -> float:
    """Points per minute of `predict` in a loop, warm."""
    import narrowgauge as ng

    def run(number: int) -> None:
        for batch in range(1, number + 1):
            ng.predict("llama-3-8b", on="a100-sxm-80gb", scheme="w4a16-g128", batch=batch)

    run(5)
    started = time.process_time()
    run(LOOP_POINTS)
    return LOOP_POINTS / (time.process_time() - started) * 60


def main() -> None:
    print(f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores; kernels per point: ", end="")
    import narrowgauge as ng

    answer = ng.predict("llama-3-8b", on="a100-sxm-80gb", scheme="w4a16-g128")
    print(f"{answer.prefill.kernel_count} in prefill, {answer.decode.kernel_count} in decode")
    print(f"{'predict in a loop, one core':<66}{loop():>12,.0f} points/min")
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        for name, text in (("requests", REQUESTS), ("numbers", NUMBERS)):
            file = folder / f"{name}.yaml"
            file.write_text(text)
            show(f"{name}: one core", command(file, folder / name))
            show(f"{name}: the same again, all there", command(file, folder / name))
            show(f"{name}: two processes", command(file, folder / f"{name}-2", "--jobs", "2"))
            if find_spec("distributed"):
                with dask() as options:
                    show(f"{name}: Dask, two workers", command(file, folder / f"{name}-dask", *options))
            if find_spec("ray"):
                show(f"{name}: Ray on this machine", command(file, folder / f"{name}-ray", "--executor", "ray"))


if __name__ == "__main__":
    main()
