"""The calibration campaign: every data set to its fit, the same split of the data to the table of errors, and the transfer
errors.

The data are the files of `datasets.catalogue` that a folder holds, the published originals below it and a user's own tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from narrowgauge.archmodels import load_gpu
from narrowgauge.archmodels.machine_fit import SUFFIX as MACHINE_SUFFIX
from narrowgauge.calibration import report
from narrowgauge.calibration.basis import Relation, basis_of, nearest_other
from narrowgauge.calibration.datasets.catalogue import DATA_SETS, TRANSFER_SETS, DataSet
from narrowgauge.calibration.datasets.originals import LOOKED_FOR, discover
from narrowgauge.calibration.fitting import MINIMUM_ROWS, HeldOut, Measured, fit_precision, folds_of
from narrowgauge.calibration.record import Fit, PrecisionFit, own_fit, save, shipped
from narrowgauge.calibration.transfer import FILE as TRANSFER_FILE
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.family import KernelFamily, Variant
from narrowgauge.errors import InputError, Problem
from narrowgauge.provenance import Source

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str], None]
TRANSFER_TAIL = 0.05
PROBLEMS_NAMED = 5


@dataclass(frozen=True)
class Task:
    """One precision of one family on one machine, with the rows of each library, and how many of them each file gave."""

    machine: str
    family: str
    precision: str
    libraries: Mapping[str, Measured]
    files: Mapping[str, int] = field(default_factory=dict)


@dataclass
class _Gathered:
    """Rows of one precision while they are being read: frames by library, their coarsest resolution, rows by file."""

    frames: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    files: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, library: str, frame: pd.DataFrame, step: float, file: str) -> None:
        self.frames.setdefault(library, []).append(frame)
        self.steps[library] = max(step, self.steps.get(library, 0.0))
        counts = self.files.setdefault(library, {})
        counts[file] = counts.get(file, 0) + int((frame["latency_us"] > 0).sum())

    def large_enough(self) -> dict[str, tuple[pd.DataFrame, float]]:
        """Library → all its rows and their resolution, where there are enough to fit."""
        import pandas as pd

        merged = {
            library: frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
            for library, frames in self.frames.items()
        }
        return {name: (frame, self.steps[name]) for name, frame in merged.items() if len(frame) >= MINIMUM_ROWS}

    def rows_by_file(self, libraries: Iterable[str]) -> dict[str, int]:
        total: dict[str, int] = {}
        for library in libraries:
            for file, rows in self.files[library].items():
                total[file] = total.get(file, 0) + rows
        return total


def _quiet(_: str) -> None:
    pass


def measured(family: KernelFamily, frames: Mapping[str, tuple[pd.DataFrame, float]]) -> dict[str, Measured]:
    """Frames by library, each with its resolution, as columns, latencies and folds; rows without a positive latency are left
    out."""
    kept = {library: frame[frame["latency_us"] > 0] for library, (frame, _) in frames.items()}
    columns = {
        library: {str(name): frame[name].to_numpy(float) for name in frame if name != "latency_us"}
        for library, frame in kept.items()
    }
    return {
        library: Measured(
            columns[library], frame["latency_us"].to_numpy(float), folds_of(family, columns[library]), frames[library][1]
        )
        for library, frame in kept.items()
    }


def data_sets(data: Path, known: Iterable[DataSet] = DATA_SETS, progress: Progress = _quiet) -> list[DataSet]:
    """What there is to fit in a folder: the known files that it holds, then the originals and own tables below it.

    Raises InputError that says what was looked for, and what could not be used, if there is nothing."""
    known = list(known)
    present = [entry for entry in known if (data / entry.file).is_file()]
    found = discover(data)
    if not present and not found.sets:
        files = ", ".join(sorted({entry.file for entry in known}))
        problems = [Problem(str(data), f"holds nothing to fit; looked for {files}; and below it for {LOOKED_FOR}")]
        raise InputError([*problems, *found.skipped[:PROBLEMS_NAMED]])
    if present:
        missing = sorted({entry.file for entry in known} - {entry.file for entry in present})
        for file in missing:
            progress(f"left out: {data / file} is not there")
    for problem in found.skipped:
        progress(f"left out: {problem}")
    return [*present, *found.sets]


def _chosen(sets: Iterable[DataSet], families: tuple[str, ...], machines: tuple[str, ...]) -> list[DataSet]:
    sets = list(sets)
    chosen = [d for d in sets if (not families or set(families) & set(d.families)) and (not machines or d.machine in machines)]
    if not chosen:
        there = sorted({f"{family} on {d.machine}" for d in sets for family in d.families})
        raise InputError(f"no data of the families and machines that were asked for; there are {', '.join(there)}")
    return chosen


def tasks(data: Path, sets: Iterable[DataSet], families: tuple[str, ...] = ()) -> list[Task]:
    """The fits that the data sets hold, largest first; libraries with too few rows in all of them are left out."""
    found: dict[tuple[str, str, str], _Gathered] = {}
    for entry in sets:
        for (family, variant), frame in entry.read(entry.load(data)).items():
            if not families or family in families:
                step = entry.resolution_us.get(variant.precision, entry.resolution_us.get("", 0.0))
                key = entry.machine, family, variant.precision
                found.setdefault(key, _Gathered()).add(variant.library, frame, step, entry.file)
    made = [
        Task(machine, family, precision, measured(FAMILIES[family], frames), gathered.rows_by_file(frames))
        for (machine, family, precision), gathered in found.items()
        if (frames := gathered.large_enough())
    ]
    return sorted(made, key=lambda task: -sum(len(rows.latency_us) for rows in task.libraries.values()))


def run_task(task: Task, progress: Progress = _quiet, warm: bool = False) -> tuple[Task, PrecisionFit, dict[str, HeldOut]]:
    """Fit one task. `warm` starts the physics at the shipped fit, which is enough to judge it."""
    gpu = load_gpu(task.machine).resources
    known = shipped(task.machine, task.family) if warm else None
    start = None
    if known is not None and task.precision in known.precisions:
        start = {name: fit.values() for name, fit in known.precisions[task.precision].libraries.items()}
    fit, held = fit_precision(FAMILIES[task.family], task.precision, gpu, task.libraries, progress, start)
    return task, fit, held


def _run(work: list[Task], jobs: int, progress: Progress, warm: bool) -> list[tuple[Task, PrecisionFit, dict[str, HeldOut]]]:
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=jobs, return_as="generator_unordered")
    results = []
    for done, result in enumerate(pool(delayed(run_task)(task, _quiet, warm) for task in work), 1):
        task = result[0]
        progress(f"[{done}/{len(work)}] {task.machine} {task.family} {task.precision}")
        results.append(result)
    return sorted(results, key=lambda r: (r[0].machine, r[0].family, r[0].precision))


def fit_all(
    data: Path | None,
    out: Path,
    families: tuple[str, ...] = (),
    machines: tuple[str, ...] = (),
    jobs: int = 2,
    progress: Progress = _quiet,
    recorded: tuple[DataSet, ...] = (),
) -> list[Path]:
    """Fit the data sets below `data` and those that were `recorded`, write one file per machine and family to `out`, then the
    table of transfer errors.

    A fit of a machine and family is made from all the data sets of that machine. Empty tuples mean all. Returns the paths
    written. Raises InputError for data that cannot be read, and if there are none."""
    chosen = [*_below(data, families, machines, progress), *recorded]
    results = _run(_enough(tasks(data or Path(), chosen, families)), jobs, progress, warm=False)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for machine, family in sorted({(task.machine, task.family) for task, _, _ in results}):
        own = [(task, fit) for task, fit, _ in results if (task.machine, task.family) == (machine, family)]
        rows: dict[str, int] = {}
        for task, _ in own:
            for file, count in task.files.items():
                rows[file] = rows.get(file, 0) + count
        used = {d.file: d for d in chosen if d.machine == machine and rows.get(d.file)}
        sources = tuple(Source(file, d.sha256(data or Path()), rows[file], d.origin) for file, d in used.items())
        gpu = load_gpu(machine)
        written.append(save(Fit(gpu.name, gpu.architecture, family, sources, {t.precision: f for t, f in own}), out))
    for cached in (shipped, own_fit, basis_of):
        cached.cache_clear()  # what was read before is no longer what is there
    transfer = write_transfer(data, out, progress) if data else None
    return [*written, transfer] if transfer else written


def _below(data: Path | None, families: tuple[str, ...], machines: tuple[str, ...], progress: Progress) -> list[DataSet]:
    return _chosen(data_sets(data, progress=progress), families, machines) if data else []


def holds_kernels(data: Path) -> bool:
    """Whether there are measured kernels below a folder, of which fits can be made."""
    return any((data / entry.file).is_file() for entry in DATA_SETS) or bool(discover(data).sets)


def _enough(work: list[Task]) -> list[Task]:
    if not work:
        raise InputError(f"too little data: no precision of a kernel and library has {MINIMUM_ROWS} measured rows")
    return work


def validate(
    data: Path | None,
    families: tuple[str, ...] = (),
    machines: tuple[str, ...] = (),
    jobs: int = 2,
    progress: Progress = _quiet,
    recorded: tuple[DataSet, ...] = (),
) -> pd.DataFrame:
    """Cross-validate the shipped models on the data: errors on groups of shapes left out, coverage, baseline and noise floor."""
    chosen = [*_below(data, families, machines, progress), *recorded]
    results = _run(_enough(tasks(data or Path(), chosen, families)), jobs, progress, warm=True)
    table = report.table((task.machine, task.family, task.precision, task.libraries, held) for task, _, held in results)
    if table.empty:
        raise InputError("nothing to score: every measured row is shorter than what is scored in percent")
    return table


def _errors_with(task: Task, parameters: Mapping[str, float], library: str) -> Any:
    family, gpu = FAMILIES[task.family], load_gpu(task.machine).resources
    rows = task.libraries[library]
    needed = family.parameters(Variant(task.precision, library), gpu)
    values = {p.name: parameters.get(p.name, p.initial) for p in needed}
    predicted = family.cost(rows.columns, Variant(task.precision, library), gpu, values).latency_us
    return np.log(rows.latency_us / predicted)


def transfer_errors(data: Path, folder: Path) -> dict[tuple[str, str], list[Any]]:
    """log(measured / predicted) by family and relation, when each task is predicted with what other fits know."""
    from narrowgauge.calibration.record import load

    fits = [load(path) for path in sorted(folder.glob("*.json")) if not path.name.endswith((TRANSFER_FILE, MACHINE_SUFFIX))]
    found: dict[tuple[str, str], list[Any]] = {}
    for task in tasks(data, data_sets(data, (*DATA_SETS, *TRANSFER_SETS))):
        for fit in (f for f in fits if f.family == task.family):
            for precision, known in fit.precisions.items():
                away = fit.machine != task.machine
                nearest_precision = nearest_other(FAMILIES[task.family], task.precision, fit, load_gpu(task.machine))
                if precision != (task.precision if away else nearest_precision):
                    continue
                same = fit.architecture == load_gpu(task.machine).architecture
                relation = (Relation.SIBLING if same else Relation.TRANSFER) if away else Relation.PRECISION
                for library in task.libraries:
                    nearest = (
                        library if library in known.libraries else max(known.libraries, key=lambda n: known.libraries[n].rows)
                    )
                    found.setdefault((task.family, str(relation)), []).append(
                        _errors_with(task, known.libraries[nearest].values(), library)
                    )
    return found


def write_transfer(data: Path, folder: Path, progress: Progress = _quiet) -> Path | None:
    """Write the quantiles of the transfer errors of all fits in `folder`; nothing if each fit has data of its own alone."""
    progress("transfer errors")
    table: dict[str, dict[str, Any]] = {}
    for (family, relation), parts in transfer_errors(data, folder).items():
        errors = np.concatenate(parts)
        table.setdefault(family, {})[relation] = {
            "low": round(float(np.quantile(errors, TRANSFER_TAIL)), 4),
            "high": round(float(np.quantile(errors, 1 - TRANSFER_TAIL)), 4),
            "mape": round(float(np.mean(np.abs(np.exp(-errors) - 1))), 4),
            "rows": len(errors),
        }
    if not table:
        return None
    path = folder / TRANSFER_FILE
    path.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path
