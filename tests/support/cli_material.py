"""Files that the examples of the commands name, made small: tables of kernels, losses, a sweep, a model, measured kernels."""

from __future__ import annotations

import random
from importlib.resources import files
from pathlib import Path

SWEEP = """\
model: llama-3-8b
machine: a100-sxm-80gb
scheme: [bf16, w4a16]
batch: {powers_of_two: [1, 4]}
input: [512, 1024]
"""
KERNELS = "m,n,k,scheme\n1,4096,4096,bf16\n64,4096,4096,w4a16\n"
LOSSES = "layer,scheme,loss\n" + "".join(f"{i},w4a16-g128,{32 - i}\n{i},w8a16,1\n{i},fp16,0\n" for i in range(32))
SEED = 1


def make(folder: Path) -> None:
    """Write them."""
    import pandas as pd

    (folder / "sweep.yaml").write_text(SWEEP)
    (folder / "kernels.csv").write_text(KERNELS)
    (folder / "one.csv").write_text("m,n,k,scheme\n1,4096,4096,bf16\n")
    (folder / "sensitivities.csv").write_text(LOSSES)
    (folder / "gemvs.csv").write_text("m,n,k\n1,4096,1024\n")
    pd.read_csv(folder / "kernels.csv").to_parquet(folder / "gemms.parquet")
    card = files("narrowgauge.workloads").joinpath("cards/llama-3-8b.json").read_text()
    (folder / "config.json").write_text(card)
    (folder / "measurements" / "my-gpu").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "data" / "own.csv").write_text(measured_kernels())


def measured_kernels() -> str:
    """Sixty products as a GPU of 1.5 TB/s and 200 TFLOP/s would run them, with 5 % of noise: no measurement."""
    draw = random.Random(SEED)
    lines = ["m,n,k,scheme,framework,latency_us,machine"]
    for _ in range(60):
        m, n, k = (draw.choice(sizes) for sizes in ((1, 8, 64, 256, 1024), (2048, 4096, 8192), (2048, 4096, 8192)))
        latency_us = (5 + 2 * n * k / 1.5e6 + 2 * m * n * k / 2e8) * draw.uniform(0.95, 1.05)
        lines.append(f"{m},{n},{k},bf16,trtllm,{latency_us:.3f},a100-sxm-80gb")
    return "\n".join(lines) + "\n"
