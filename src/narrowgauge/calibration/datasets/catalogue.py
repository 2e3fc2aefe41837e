"""Data sets: file, machine, origin, and which importer reads them; among them the public ones that the shipped fits are made
of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgauge.calibration.datasets import attention, elementwise, gemm
from narrowgauge.calibration.datasets.originals_read import normalised, read
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

Variants = dict[tuple[str, Variant], "pd.DataFrame"]

AICONFIGURATOR = "ai-dynamo/aiconfigurator @ 095f58a, Apache-2.0"
VIDUR = "microsoft/vidur @ 7d47513, MIT"

#: TensorRT-LLM plugin timings are multiples of 1.024 us, vidur's of 1 us
A100_LOW_BIT = dict.fromkeys(("w4a16", "w8a16", "w8a8-int8"), 1.024)
WHOLE_US = {"": 1.0}


@dataclass(frozen=True)
class DataSet:
    """One file of measured kernels of one machine; `gpu` selects its rows by `gpu_column` where a file holds several;
    `resolution_us` is the step of the recorded latencies by precision ("": all)."""

    file: str
    machine: str
    families: tuple[str, ...]
    origin: str
    read: Callable[[pd.DataFrame], Variants]
    gpu: str | None = None
    resolution_us: Mapping[str, float] = field(default_factory=dict)
    gpu_column: str = "gpu"

    def load(self, folder: Path) -> pd.DataFrame:
        """The rows of this machine under our columns; raises InputError if the file is missing, no table, or of unknown
        formats."""
        path = folder / self.file
        try:
            frame = normalised(read(path))
        except InputError as error:
            raise InputError(
                [Problem(p.where if str(path) in p.where else f"{path}: {p.where}", p.what) for p in error.problems]
            ) from None
        return frame if self.gpu is None else frame[frame[self.gpu_column].astype(str) == self.gpu]

    def sha256(self, folder: Path) -> str:
        """Hash of the file's bytes."""
        return hashlib.sha256((folder / self.file).read_bytes()).hexdigest()


# fmt: off
DATA_SETS = (
    DataSet("gemm_a100_sxm.parquet", "a100-sxm-80gb", ("gemm",), AICONFIGURATOR, gemm.variants, resolution_us=A100_LOW_BIT),
    DataSet("gemm_h100_sxm.parquet", "h100-sxm", ("gemm",), AICONFIGURATOR, gemm.variants),
    DataSet("attention_prefill_a100_sxm.parquet", "a100-sxm-80gb", ("attention-prefill",), AICONFIGURATOR, attention.variants),
    DataSet("attention_prefill_h100_sxm.parquet", "h100-sxm", ("attention-prefill",), AICONFIGURATOR, attention.variants),
    DataSet("attention_decode_a100_sxm.parquet", "a100-sxm-80gb", ("attention-decode",), AICONFIGURATOR, attention.variants),
    DataSet("attention_decode_h100_sxm.parquet", "h100-sxm", ("attention-decode",), AICONFIGURATOR, attention.variants),
    DataSet("elementwise_a100_h100_a40.parquet", "a100-sxm-80gb", ("elementwise",), VIDUR, elementwise.variants, "a100",
    WHOLE_US), DataSet("elementwise_a100_h100_a40.parquet", "h100-sxm", ("elementwise",), VIDUR, elementwise.variants, "h100",
    WHOLE_US),
)
#: measured machines that no fit has seen: the test of a transfer
TRANSFER_SETS = (
    DataSet("gemm_power_h200_sxm.parquet", "h200-sxm", ("gemm",), AICONFIGURATOR, gemm.variants),
)
# fmt: on
KNOWN_FILES = frozenset(entry.file for entry in (*DATA_SETS, *TRANSFER_SETS))
