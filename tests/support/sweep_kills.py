"""Rounds of SIGKILL against a running sweep: what was finished must be there afterwards, once and whole.

python tests/support/sweep_kills.py --rounds 50
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from narrowgauge.experiments.sweep import plan, read_results, run_sweep
from narrowgauge.experiments.sweep.columns import KEY
from narrowgauge.experiments.sweep.store import Store

SWEEP = {
    "model": "gpt2",
    "machine": ["a100-sxm-80gb", "h100-sxm"],
    "scheme": ["bf16", "w4a16-g128"],
    "batch": {"range": [1, 40]},
    "input": [16, 64, 100, 300, 700],
    "output": 8,
}
#: short pieces, so that a second of work is a hundred shards and a kill often meets a write
RUN = """
import json, sys
from narrowgauge.experiments.sweep import run
run.LONGEST_PIECE_S = 0.006
run.run_sweep(json.loads(sys.argv[1]), sys.argv[2])
"""
LONGEST_LIFE_S = 2.5


@dataclass(frozen=True)
class Round:
    """One life of the process: how long it lived, whether it ended by itself, shards and finished points after it."""

    number: int
    lived_s: float
    finished: bool
    shards: int
    points: int

    def __str__(self) -> str:
        end = "ended by itself" if self.finished else "killed"
        return f"round {self.number:3}: {end} after {self.lived_s:.2f} s, {self.shards:4} shards, {self.points:4} points finished"


def expected() -> pd.DataFrame:
    """The results of a sweep that nobody disturbs."""
    with tempfile.TemporaryDirectory() as folder:
        run_sweep(SWEEP, folder)
        return read_results(folder)


def kill_rounds(folder: Path, rounds: int, seed: int) -> Iterator[Round]:
    """Start the sweep `rounds` times and kill it; a finished one is checked against an undisturbed run, and the next begins in
    a new folder. Raises AssertionError for a finished point that is lost, there twice or different."""
    import json

    rng, undisturbed = random.Random(seed), expected()
    place, known = folder / "0", set[bytes]()
    for number in range(1, rounds + 1):
        started = time.monotonic()
        process = subprocess.Popen([sys.executable, "-c", RUN, json.dumps(SWEEP), str(place)])
        try:
            process.wait(rng.uniform(0.3, LONGEST_LIFE_S))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        lived, finished = time.monotonic() - started, process.returncode == 0
        keys, shards = stored_keys(place)
        assert len(keys) == len(set(keys)), "a point is there twice"
        assert known <= set(keys), "a finished point is lost"
        known = set(keys)
        yield Round(number, lived, finished, shards, len(known))
        if finished:
            check_complete(place, undisturbed)
            place, known = folder / str(number), set()
    if known:
        run_sweep(SWEEP, place)
        check_complete(place, undisturbed)


def stored_keys(place: Path) -> tuple[list[bytes], int]:
    """Keys of all points on disk and the number of shards, none of which may be damaged."""
    scan = Store(place).scan([KEY])
    assert not scan.damaged and not scan.foreign
    return [key for table in scan.tables for key in table.column(KEY).to_pylist()], len(scan.tables)


def check_complete(place: Path, undisturbed: pd.DataFrame) -> None:
    """Everything is there, and as if nobody had disturbed it."""
    assert len(plan(SWEEP, place).missing) == 0
    found = read_results(place)
    pd.testing.assert_frame_equal(found, undisturbed, check_exact=True)
    assert np.isfinite(found["latency_ms"]).all()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        for each in kill_rounds(Path(root), arguments.rounds, arguments.seed):
            print(each, flush=True)
    print("no finished point lost, duplicated or changed")
