"""Profiles of microsoft/vidur (`data/profiling/compute/GPU/MODEL/mlp.csv`) as a long table, one row per operation.

A row of theirs times every operation of a transformer's block at one number of tokens: `time_stats.OP.min|max|mean|median|std` in
ms, beside n_head, n_kv_head, n_embd, n_expanded_embd, vocab_size, use_gated_mlp, num_tokens, num_tensor_parallel_workers. The
elementwise operations are read; the projections are library GEMMs in fp16 that `gemm` tables tell better.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from narrowgauge import units
from narrowgauge.calibration.datasets.elementwise import OPS
from narrowgauge.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

ORIGIN = "microsoft/vidur, MIT"
FILE = "mlp.csv"
PREFIX = "time_stats."
STATISTICS = ("min", "median", "mean", "max", "std")
SHAPE = ("num_tokens", "n_embd")
NAMES = tuple(op.replace("-", "_") for op in OPS)
DIGITS = 6  # of a microsecond: the rest is noise of the conversion


def recognises(columns: Collection[str]) -> bool:
    """Whether a table with these columns is a profile of theirs."""
    return any(name.startswith(PREFIX) for name in columns)


def convert(frame: pd.DataFrame) -> pd.DataFrame:
    """The shapes of each row once per elementwise operation, with `op` and its times in us; operations that a model does not have
    are left out. Raises InputError for a profile without any of them (vidur's attention.csv)."""
    import pandas as pd

    ops = [op for op in NAMES if f"{PREFIX}{op}.median" in frame]
    missing = [name for name in SHAPE if name not in frame]
    if not ops or missing:
        wanted = f"{PREFIX}OP.median of {', '.join(NAMES)}" if not ops else ", ".join(missing)
        raise InputError([Problem("", f"a vidur profile without columns {wanted}; its {FILE} has them")])
    shapes = frame[[name for name in frame if not str(name).startswith(PREFIX)]]
    parts = []
    for op in ops:
        times = {
            f"{name}_us": (frame[f"{PREFIX}{op}.{name}"] * units.US_PER_MS).round(DIGITS)
            for name in STATISTICS
            if f"{PREFIX}{op}.{name}" in frame
        }
        part = shapes.assign(op=op, **times)
        parts.append(part[part["median_us"].notna()])
    return pd.concat(parts, ignore_index=True)
