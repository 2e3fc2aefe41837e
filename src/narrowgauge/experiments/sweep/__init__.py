"""Sweeps: many predictions from one file, on disk as they finish, and questions to their results.

    outcome = run_sweep("sweep.yaml", "results")          # or a mapping with the same keys
    frame = read_results("results")                       # a pandas table, a row per point
    best = pareto(where(frame, "batch >= 8"), ["latency", "energy"])

`docs/sweeps.md` describes the file, the folder and the verbs.
"""

from narrowgauge.experiments.sweep.document import Sweep, read_sweep
from narrowgauge.experiments.sweep.executors import executor
from narrowgauge.experiments.sweep.queries import baseline, near_ties, pareto, pivot, sort, where
from narrowgauge.experiments.sweep.results import read_results
from narrowgauge.experiments.sweep.run import Outcome, Plan, plan, run_sweep

__all__ = [
    "Outcome",
    "Plan",
    "Sweep",
    "baseline",
    "executor",
    "near_ties",
    "pareto",
    "pivot",
    "plan",
    "read_results",
    "read_sweep",
    "run_sweep",
    "sort",
    "where",
]
