"""The 200 kernels on which discrete events and the closed form are compared: every precision, from one token to thousands.

`python -m narrowgauge.experiments.event_agreement` prints the table of docs/event_fidelity.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from narrowgauge.archmodels import Machine, load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.event.run import event_us
from narrowgauge.dataflows.family import Variant

A100, H100 = "a100-sxm-80gb", "h100-sxm"
#: projections of Llama-3-8B: query, key and value; output; gate and up; down
LAYERS = ((6144, 4096), (4096, 4096), (28672, 4096), (4096, 14336))
TOKENS = (1, 16, 128, 2048)
GEMMS = {
    A100: (("bf16", "vllm"), ("w4a16-g128", "trtllm"), ("w8a16", "trtllm"), ("w8a8-int8", "trtllm")),
    H100: (("bf16", "vllm"), ("fp8-dynamic", "vllm"), ("fp8-block128", "sglang"), ("w4a16-g128", "trtllm")),
}
ATTENTION = (
    (A100, "bf16", "vllm"),
    (A100, "bf16", "sglang"),
    (H100, "bf16", "vllm"),
    (H100, "bf16", "trtllm"),
    (H100, "bf16-kvfp8", "trtllm"),
    (H100, "fp8", "sglang"),
    (H100, "fp8", "trtllm"),
)
#: batch, new tokens, tokens in the cache, query heads; 8 KV heads of 128
PREFILLS = ((1, 512, 0, 32), (4, 2048, 0, 32), (1, 8192, 0, 64), (1, 512, 4096, 64))
DECODES = ((1, 1, 1024, 32), (16, 1, 2048, 32), (64, 1, 1024, 64), (64, 1, 8192, 32))
ELEMENTWISE = (("rmsnorm", "sarathi"), ("silu-mul", "sarathi"), ("rope", "sarathi"), ("add", "torch"))
ROWS = (1, 256, 8192)
SHOWN = ("m", "n", "k", "batch_size", "isl", "step", "num_heads", "rows", "width")
BEYOND = 0.15  # differences that the page explains one by one


@dataclass(frozen=True)
class Case:
    """One kernel of the set."""

    machine: str
    family: str
    variant: Variant
    row: Mapping[str, float]


def cases() -> Iterator[Case]:
    """All of them, by family."""
    for machine, variants in GEMMS.items():
        for (precision, library), (n, k), m in product(variants, LAYERS, TOKENS):
            yield Case(machine, "gemm", Variant(precision, library), {"m": m, "n": n, "k": k})
    for machine, precision, library in ATTENTION:
        for batch, isl, step, heads in (*PREFILLS, *DECODES):
            if precision == "fp8" and isl == 1:
                continue
            family = "attention-decode" if isl == 1 else "attention-prefill"
            row = {"batch_size": batch, "isl": isl, "step": step, "num_heads": heads, "num_key_value_heads": 8, "head_dim": 128}
            yield Case(machine, family, Variant(precision, library), row | {"window_size": 0})
    for machine, (op, library), rows in product(GEMMS, ELEMENTWISE, ROWS):
        second = 1024 if op == "rope" else 0
        yield Case(machine, "elementwise", Variant(op, library), {"rows": rows, "width": 4096, "second_width": second})


def compare(case: Case, machines: dict[str, Machine]) -> tuple[float, float]:
    """Latency in microseconds by the closed form and by events, physics of both."""
    machine = machines.setdefault(case.machine, load_gpu(case.machine))
    basis = basis_of(case.family, case.variant, machine)
    rows = {name: np.array([float(value)]) for name, value in case.row.items()}
    closed = FAMILIES[case.family].cost(rows, basis.variant, machine.resources, basis.parameters)
    return float(closed.latency_us[0]), float(event_us(case.family, rows, basis.variant, machine.resources, basis.parameters)[0])


def differences() -> list[tuple[Case, float, float]]:
    """Every case with both latencies."""
    machines: dict[str, Machine] = {}
    return [(case, *compare(case, machines)) for case in cases()]


def table() -> str:
    """The differences by variant in Markdown, each with its worst kernel."""
    lines = ["| machine | family | variant | kernels | median | worst | which |", "|---|---|---|---|---|---|---|"]
    found = differences()
    for key in dict.fromkeys((case.machine, case.family, str(case.variant)) for case, _, _ in found):
        rows = [(event / closed - 1, case.row) for case, closed, event in found if _key(case) == key]
        worst, row = max(rows, key=lambda entry: abs(entry[0]))
        shape = ", ".join(f"{name} {value:,.0f}" for name, value in row.items() if name in SHOWN)
        median = float(np.median([abs(error) for error, _ in rows]))
        lines.append(f"| {' | '.join(key)} | {len(rows)} | {median:.1%} | {worst:+.1%} | {shape} |")
    errors = np.array([abs(event / closed - 1) for _, closed, event in found])
    beyond = int((errors > BEYOND).sum())
    return "\n".join([*lines, "", f"{len(found)} kernels: median {np.median(errors):.1%}, {beyond} over {BEYOND:.0%}."])


def _key(case: Case) -> tuple[str, str, str]:
    return case.machine, case.family, str(case.variant)


if __name__ == "__main__":
    print(table())
