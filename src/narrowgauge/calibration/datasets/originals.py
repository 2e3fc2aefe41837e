"""Measured tables below a folder: the public originals that we know, and tables of a user's own.

    gemm_perf, context_attention_perf, generation_attention_perf (.txt, .csv, .parquet)     ai-dynamo/aiconfigurator
    mlp.csv                                                                                 microsoft/vidur
    any other .csv or .parquet with the columns of a kind of kernel and a latency           a user's own

The GPU is what the table says (`machine`: hardware names; `device`: CUDA's names), else what a folder above it is called. All
versions of a framework that are found are fitted as one library, so fetch the version that is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgauge.archmodels import machine_names
from narrowgauge.calibration.datasets import attention, elementwise, gemm, own
from narrowgauge.calibration.datasets import originals_aiconfigurator as aiconfigurator
from narrowgauge.calibration.datasets import originals_vidur as vidur
from narrowgauge.calibration.datasets.catalogue import A100_LOW_BIT, KNOWN_FILES, WHOLE_US, DataSet
from narrowgauge.calibration.datasets.originals_read import POINTER, columns_of, is_pointer, normalised, read
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LOOKED_FOR", "Discovery", "discover", "machine_of", "normalised"]

LOOKED_FOR = (
    f"{', '.join(aiconfigurator.FILES)} (.txt or .parquet) of {aiconfigurator.ORIGIN}; {vidur.FILE} of {vidur.ORIGIN}; "
    "tables (.csv or .parquet) with m n k, or batch_size isl num_heads num_key_value_heads head_dim, or op num_tokens n_embd, "
    "and latency_us and machine"
)
SUFFIXES = (".csv", ".txt", ".parquet")
MACHINE, DEVICE = "machine", "device"
#: CUDA's names of GPUs, without the maker
DEVICES = {
    "a100-sxm4-40gb": "a100-sxm-40gb",
    "a100-sxm4-80gb": "a100-sxm-80gb",
    "a100-pcie-40gb": "a100-pcie-40gb",
    "a100 80gb pcie": "a100-pcie-80gb",
    "h100 80gb hbm3": "h100-sxm",
    "h100 pcie": "h100-pcie",
    "h200": "h200-sxm",
    "h800 pcie": "h800-pcie",
    "l40s": "l40s",
    "geforce rtx 3090": "rtx-3090",
    "geforce rtx 4070": "rtx-4070",
    "geforce rtx 4090": "rtx-4090",
}
#: folders of the two repositories
FOLDERS = {
    "a100": "a100-sxm-80gb",
    "a100-sxm": "a100-sxm-80gb",
    "h100": "h100-sxm",
    "h100-sxm": "h100-sxm",
    "h200-sxm": "h200-sxm",
    "l40s": "l40s",
}


@dataclass(frozen=True)
class Discovery:
    """Data sets below a folder, and the tables that look like one but cannot be used, with the reason."""

    sets: tuple[DataSet, ...]
    skipped: tuple[Problem, ...]


def machine_of(frame: pd.DataFrame, path: Path) -> str | None:
    """The hardware name of a table's one GPU by its columns, else by the folders above the file; None for a GPU that has no
    specification and for a table of several."""
    if MACHINE in frame:
        names = {canonical(str(name)) for name in frame[MACHINE].dropna().unique()}
        return next(iter(names & set(machine_names())), None) if len(names) == 1 else None
    if DEVICE in frame and frame[DEVICE].notna().any():
        given = {str(name).lower().removeprefix("nvidia ").strip() for name in frame[DEVICE].dropna().unique()}
        known = {DEVICES.get(name) or (canonical(name) if canonical(name) in machine_names() else None) for name in given}
        return known.pop() if len(known) == 1 else None
    names_above = (canonical(part.name) for part in path.parents)
    return next((FOLDERS.get(name, name) for name in names_above if name in FOLDERS or name in machine_names()), None)


def discover(folder: Path) -> Discovery:
    """The data sets below `folder`, in the order of their paths; the files that ship fits are made of are not among them.

    Raises InputError for a user's table that names unknown hardware."""
    sets: list[DataSet] = []
    skipped: list[Problem] = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()):
        if path.name in KNOWN_FILES:
            continue
        published = path.name == vidur.FILE or path.stem in aiconfigurator.FILES
        if published and is_pointer(path):
            skipped.append(Problem(str(path), POINTER))
        elif path.suffix.lower() == ".txt" and not published:
            continue
        else:
            found = list(_sets_of(path, folder))
            sets += [entry for entry in found if isinstance(entry, DataSet)]
            skipped += [entry for entry in found if isinstance(entry, Problem)]
    return Discovery(tuple(sets), tuple(skipped))


def _sets_of(path: Path, folder: Path) -> Iterator[DataSet | Problem]:
    """What a file holds, or why a table that fits a known form cannot be used."""
    columns = columns_of(path)
    file = path.relative_to(folder).as_posix()
    if path.stem in aiconfigurator.FILES and aiconfigurator.recognises(columns):
        families: tuple[str, ...] = aiconfigurator.FILES[path.stem]
        importer = gemm.variants if families == ("gemm",) else attention.variants
        machine = machine_of(_labels(path, columns), path)
        steps = A100_LOW_BIT if (machine or "").startswith("a100") else {}
        made = DataSet(file, machine or "", families, aiconfigurator.ORIGIN, importer, resolution_us=steps)
        yield made if machine else _unknown_gpu(path)
    elif vidur.recognises(columns):
        if path.name == vidur.FILE:
            machine = machine_of(_labels(path, columns), path)
            made = DataSet(file, machine or "", ("elementwise",), vidur.ORIGIN, elementwise.variants, resolution_us=WHOLE_US)
            yield made if machine else _unknown_gpu(path)
    elif families := own.families(columns):
        labels = _labels(path, columns)
        if MACHINE in labels:
            yield from _own_sets(file, path, labels, families)
        elif machine := machine_of(labels, path):
            yield DataSet(file, machine, families, own.ORIGIN, own.variants)
        else:
            yield Problem(str(path), f"has no column '{MACHINE}', and no folder above it is a hardware name")


def _own_sets(file: str, path: Path, labels: pd.DataFrame, families: tuple[str, ...]) -> Iterator[DataSet]:
    names = [str(name) for name in labels[MACHINE].dropna().unique()]
    unknown = [name for name in names if canonical(name) not in machine_names()]
    empty = int(labels[MACHINE].isna().sum())
    problems = [Problem(f"{path}: {MACHINE}", f"unknown hardware '{n}'; {nearest(n, machine_names())}") for n in unknown]
    if empty:
        problems.append(Problem(f"{path}: {MACHINE}", f"is empty in {empty} rows"))
    if problems:
        raise InputError(problems)
    for name in names:
        yield DataSet(file, canonical(name), families, own.ORIGIN, own.variants, gpu=name, gpu_column=MACHINE)


def _labels(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """The columns that name the GPU, where there are any."""
    import pandas as pd

    names = [name for name in (MACHINE, DEVICE) if name in columns]
    return read(path, names) if names else pd.DataFrame()


def _unknown_gpu(path: Path) -> Problem:
    return Problem(str(path), "neither its column 'device' nor a folder above it names one GPU that has a specification")
