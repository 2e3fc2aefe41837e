"""Golden prices: a dozen kernels on four GPUs, as they were when somebody last looked at them.

    python tests/golden/prices.py            exits with 1 and prints a table if a price has changed
    python tests/golden/prices.py --write    rewrites prices.csv and prints what changed

A change here is no error by itself: it is a change of results that the commit which makes it should explain.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from narrowgauge.archmodels import load_machine
from narrowgauge.experiments.price import price_table

FILE = Path(__file__).with_name("prices.csv")
HEADER = "# made by: make golden; compared within 0.001 %, the two evaluators' rounding is far below\n"
MACHINES = ("a100-sxm-80gb", "h100-sxm", "l40s", "rtx-4090")
SHOWN = ("latency_us", "latency_us_low", "latency_us_high", "energy_mj")
TOLERANCE = 1e-5
HEADS = {"num_heads": 32, "num_key_value_heads": 8, "head_dim": 128}
KERNELS = [
    {"op": "gemm", "m": 1, "n": 4096, "k": 4096, "scheme": "bf16"},
    {"op": "gemm", "m": 256, "n": 8192, "k": 8192, "scheme": "bf16"},
    {"op": "gemm", "m": 8192, "n": 8192, "k": 8192, "scheme": "bf16"},
    {"op": "gemm", "m": 1, "n": 8192, "k": 8192, "scheme": "w4a16"},
    {"op": "gemm", "m": 256, "n": 8192, "k": 8192, "scheme": "w4a16-g128"},
    {"op": "gemm", "m": 64, "n": 4096, "k": 4096, "scheme": "w8a8_int8"},
    {"op": "gemm", "m": 512, "n": 4096, "k": 4096, "scheme": "fp8_dynamic"},
    {"op": "attention", "batch_size": 1, "isl": 4096, "step": 0, **HEADS},
    {"op": "attention", "batch_size": 32, "isl": 1, "step": 4096, **HEADS},
    {"op": "attention", "batch_size": 32, "isl": 1, "step": 4096, **HEADS, "scheme": "w4a16-kvfp8"},
    {"op": "input_layernorm", "num_tokens": 4096, "n_embd": 4096},
    {"op": "mlp_act", "num_tokens": 4096, "n_embd": 4096, "n_expanded_embd": 14336},
]


def prices() -> pd.DataFrame:
    """Every kernel on every machine; those that a machine refuses have no number."""
    frame = pd.DataFrame(KERNELS).astype({"m": "Int64", "n": "Int64", "k": "Int64"})
    parts = []
    for machine in MACHINES:
        priced = price_table(frame, load_machine(machine))
        named = pd.DataFrame({"kernel": [_name(kernel) for kernel in KERNELS], "machine": machine})
        parts.append(pd.concat([named, priced[[*SHOWN, "bound_by"]]], axis=1))
    return pd.concat(parts, ignore_index=True)


def _name(kernel: dict[str, object]) -> str:
    return " ".join(str(value) for value in kernel.values())


def changes(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Old and new latency and energy of the kernels whose prices differ."""
    both = now.merge(before, on=["kernel", "machine"], how="outer", suffixes=("", "_before"))
    differs = both["bound_by"].fillna("") != both["bound_by_before"].fillna("")
    for name in SHOWN:
        old, new = both[f"{name}_before"], both[name]
        differs |= ~(((new - old).abs() <= TOLERANCE * old.abs()) | (new.isna() & old.isna()))
    columns = [
        "kernel",
        "machine",
        "latency_us_before",
        "latency_us",
        "energy_mj_before",
        "energy_mj",
        "bound_by_before",
        "bound_by",
    ]
    return both.loc[differs, columns]


def main() -> int:
    now = prices()
    before = pd.read_csv(FILE, comment="#") if FILE.exists() else now.iloc[:0]
    changed = changes(now, before)
    if len(changed):
        print(changed.to_string(index=False))
    print(f"{len(changed)} of {len(now)} golden prices have changed")
    if "--write" in sys.argv[1:]:
        FILE.write_text(HEADER + now.to_csv(index=False, float_format="%.7g"), encoding="utf-8")
        return 0
    return 1 if len(changed) else 0


if __name__ == "__main__":
    sys.exit(main())
