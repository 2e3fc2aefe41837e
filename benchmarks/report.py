"""How long does a report take, and how large is it? Whole command lines; the points of the sweeps are there before.

python benchmarks/report.py
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REQUESTS = """\
model: llama-3-8b
machine: [a100-sxm-80gb, h100-sxm]
scheme: [bf16, w4a16-g128, fp8, w8a8-int8]
batch: {range: [1, 250]}
input: {linear: [128, 4096, 25]}
output: [64, 256]
"""
NUMBERS = """\
model: [llama-3-8b, mistral-7b]
machine: [a100-sxm-80gb, h100-sxm]
scheme: [bf16, w4a16-g128]
batch: [1, 32]
override:
  dram.bandwidth_gb_per_s: {linear: [1000, 9000, 125]}
  l2.capacity_mb: {log: [10, 200, 50]}
"""
PREDICT = ("predict", "llama-3-8b", "--on", "h100-sxm", "--scheme", "w4a16-g128", "--batch", "8", "--quiet")
MOST_S, MOST_MB = 20.0, 5.0


def processor_s() -> float:
    """Processor time of all commands so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(*arguments: str) -> tuple[float, float]:
    """Wall and processor seconds of a command from start to exit; leaves if it fails."""
    started, used = time.perf_counter(), processor_s()
    program = str(Path(sys.executable).with_name("narrowgauge"))
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return time.perf_counter() - started, processor_s() - used


def show(what: str, page: Path, without: tuple[float, float], with_page: tuple[float, float]) -> None:
    size_mb = page.stat().st_size / 1e6
    wall_s, used_s = (there - before for there, before in zip(with_page, without, strict=True))
    met = "met" if wall_s < MOST_S and size_mb < MOST_MB else "missed"
    print(f"{what:<34}{wall_s:6.1f} s wall {used_s:6.1f} s processor {size_mb:6.2f} MB  {met}", flush=True)


def main() -> None:
    print(f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores; targets {MOST_S:.0f} s and {MOST_MB:.0f} MB")
    print("times are those of the command with --html less those without")
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        page = folder / "report.html"
        show("predict", page, run(*PREDICT), run(*PREDICT, "--html", str(page)))
        for name, text in (("100,000 requests", REQUESTS), ("100,000 numbers of machines", NUMBERS)):
            file = folder / f"{name}.yaml"
            file.write_text(text)
            command = ("sweep", str(file), "-o", str(folder / name), "--quiet")
            run(*command)
            show(name, page, run(*command), run(*command, "--html", str(page)))
    print(f"load after: {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()
