"""A sweep from its file to a folder of results: what is missing is computed, what is there stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.sweep.columns import DEPENDS, ERROR, KEY, SETTING
from narrowgauge.experiments.sweep.document import Sweep, read_sweep
from narrowgauge.experiments.sweep.evaluation import evaluate
from narrowgauge.experiments.sweep.executors import Executor, executor
from narrowgauge.experiments.sweep.expansion import expand
from narrowgauge.experiments.sweep.lock import held
from narrowgauge.experiments.sweep.machines import structural
from narrowgauge.experiments.sweep.origin import origin
from narrowgauge.experiments.sweep.rates import EVENT_S, POINT_S, REQUEST_S, SETTING_S
from narrowgauge.experiments.sweep.settings import SHARED, SIZES, Setting, depends, keys_of, paths_in, settings_of
from narrowgauge.experiments.sweep.store import Store

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]

LONGEST_PIECE_S = 5.0  # what a killed process may lose, and how often a shard is written
MOST_SHARDS = 2000  # of one run; longer runs have longer pieces
PIECES_PER_JOB = 4  # so that the last pieces end together
MOST_ROWS = 100_000  # of a piece: bounds its memory


@dataclass(frozen=True)
class Plan:
    """Every point of a sweep with its identity, and which of them a folder does not hold yet (`missing`, places in the table).

    `depends` is the hash of what each setting, by its identity, is computed from."""

    sweep: Sweep
    points: pd.DataFrame
    settings: tuple[Setting, ...]
    depends: Mapping[str, str]
    missing: Any
    notes: tuple[str, ...]

    @property
    def expected_s(self) -> float:
        """Seconds of one core that the missing points are expected to take."""
        return float(_seconds(self.points.iloc[self.missing]).sum())


@dataclass(frozen=True)
class Outcome:
    """What a run did: points of the sweep, how many of them it computed, how many of those have no result, its seconds."""

    folder: Path
    points: int
    computed: int
    failed: int
    seconds: float
    notes: tuple[str, ...]


def plan(source: str | Path | Mapping[str, Any] | Sweep, folder: str | Path | None = None) -> Plan:
    """What a run of this sweep in this folder would do; nothing is written. Raises InputError for a sweep that cannot be run."""
    store = None if folder is None else Store(Path(folder))
    return _plan(read_sweep(source), store)[0]


def _plan(sweep: Sweep, store: Store | None) -> tuple[Plan, Any]:
    points = expand(sweep)
    codes, settings = settings_of(points)
    hashes = depends(settings)
    keys = keys_of(points, codes, settings, hashes)
    points[KEY] = keys
    points[SETTING] = _spread(codes, [setting.identity for setting in settings])
    points[DEPENDS] = _spread(codes, hashes)
    scan = store.scan([KEY]) if store is not None else None
    finished = store.finished(scan) if store is not None and scan is not None else set[bytes]()
    missing = np.flatnonzero([key not in finished for key in keys])
    known = {setting.identity: depended for setting, depended in zip(settings, hashes, strict=True)}
    return Plan(sweep, points, tuple(settings), known, missing, tuple(scan.notes) if scan else ()), scan


def _spread(codes: Any, texts: list[str]) -> Any:
    import pandas as pd

    return pd.Categorical(np.array(texts, object)[codes])


def run_sweep(
    source: str | Path | Mapping[str, Any] | Sweep,
    folder: str | Path,
    jobs: int = 1,
    on: Executor | None = None,
    progress: Progress | None = None,
    command: str = "",
) -> Outcome:
    """Compute the points of a sweep that the folder does not hold, in `jobs` processes or by the executor `on`.

    `source` is a sweep file, or the same as a mapping. `progress` is called with points done and points in all. Raises InputError
    for a wrong sweep, a folder in use and a disk that refuses; whatever ends the run, finished pieces are kept."""
    sweep, store = read_sweep(source), Store(Path(folder))
    started = time.monotonic()
    compute = on or executor("local", jobs, None)
    with held(store.folder):
        store.prepare()
        manifest = store.read_manifest()
        made, scan = _plan(sweep, store)
        store.set_aside(scan)
        manifest["settings"] |= made.depends
        manifest["runs"].append(origin(sweep, made.settings, command))
        store.write_manifest(manifest)
        failed = _compute(made, store, compute, jobs, progress)
    return Outcome(store.folder, len(made.points), len(made.missing), failed, time.monotonic() - started, made.notes)


def _compute(made: Plan, store: Store, compute: Executor, jobs: int, progress: Progress | None) -> int:
    """Compute and store the missing points; how many have no result."""
    import pandas as pd

    identities = [KEY, SETTING, DEPENDS]
    pieces = list(_pieces(made.points.iloc[made.missing].drop(columns=identities), jobs))
    total, failed = len(made.points), 0
    done = total - len(made.missing)
    if progress is not None:
        progress(done, total)
    with closing(compute(evaluate, pieces)) as results:
        for result in results:
            store.add(pd.concat([made.points.loc[result.index], result], axis=1))
            failed += int((result[ERROR] != "").sum())
            done += len(result)
            if progress is not None:
                progress(done, total)
    return failed


def _seconds(points: pd.DataFrame) -> Any:
    """Expected seconds of each row, by what it does not share with the one before: the setting, the request, or only numbers."""
    apart = [path for path in paths_in(points) if structural(path)]
    seconds = np.where(_changes(points, SIZES), REQUEST_S, POINT_S)
    seconds[_changes(points, (*SHARED, *apart))] = SETTING_S
    seconds[(points["fidelity"] == Fidelity.EVENT).to_numpy()] = EVENT_S
    return seconds


def _changes(points: pd.DataFrame, names: Iterable[str]) -> Any:
    """Rows that differ in one of these columns from the row before; the first row does."""
    changed = np.zeros(len(points), bool)
    changed[:1] = True
    for name in names:
        column = points[name].cat.codes if points[name].dtype == "category" else points[name]
        changed[1:] |= np.diff(column.to_numpy()) != 0
    return changed


def _pieces(points: pd.DataFrame, jobs: int) -> Iterator[pd.DataFrame]:
    """Consecutive rows that are expected to take a few seconds together."""
    if points.empty:
        return
    seconds = _seconds(points)
    total = float(seconds.sum())
    length = max(min(LONGEST_PIECE_S, total / (PIECES_PER_JOB * max(jobs, 1))), total / MOST_SHARDS)
    by_time = np.floor(np.cumsum(seconds) / length - 1e-9).astype(np.int64)
    edges = [0, *(np.flatnonzero(np.diff(by_time)) + 1).tolist(), len(points)]
    for low, high in pairwise(edges):
        for start in range(low, high, MOST_ROWS):
            yield points.iloc[start : min(start + MOST_ROWS, high)]
