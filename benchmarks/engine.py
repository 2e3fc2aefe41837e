"""How fast are the task-graph engines? SimPy is the yardstick of the same run. See README.md here.

python benchmarks/engine.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import numpy as np
from run import Measurement, line, seconds

from narrowgauge.sim import TaskGraph
from narrowgauge.sim.compiled import run_compiled
from narrowgauge.sim.pipeline import TilePipeline, makespans_ps
from narrowgauge.sim.reference import run_reference

TILES = 16_667  # three tasks each
LANES = 8
POINTS = 10_000
REPEAT = 5
FIRST_CALL = """
import time
from narrowgauge.sim import TaskGraph, run
graph = TaskGraph()
graph.task("a", duration_ps=1)
start = time.perf_counter()
run(graph)
print(time.perf_counter() - start)
"""


def general_graph() -> TaskGraph:
    """Fifty thousand tasks: lanes that load through shared channels into small buffers, convert and multiply on units of random
    capacity and order, at random durations."""
    rng = np.random.default_rng(0)
    graph = TaskGraph()
    units = [graph.unit(f"unit{i}", int(rng.integers(1, 5)), "priority" if i % 4 == 0 else "fifo") for i in range(24)]
    channels = [graph.channel(f"channel{i}", 2_000_000) for i in range(4)]
    buffers = [graph.buffer(f"buffer{i}", 32) for i in range(LANES)]
    last: dict[int, int] = {}
    for tile in range(TILES):
        lane = int(rng.integers(0, LANES))
        moved, convert_ps, multiply_ps = int(rng.integers(1000, 5000)), *(int(t) for t in rng.integers(100, 1000, 2))
        load = graph.task(
            f"load[{tile}]",
            after=[last[lane]] if lane in last and tile % 5 == 0 else [],
            duration_ps=500,
            transfer=(channels[lane % 4], moved),
            acquire={buffers[lane]: 1},
        )
        convert = graph.task(
            f"convert[{tile}]", after=[load], unit=units[int(rng.integers(0, 12))], duration_ps=convert_ps, priority=tile % 3
        )
        unit = units[int(rng.integers(12, 24))]
        last[lane] = graph.task(
            f"multiply[{tile}]", after=[convert], unit=unit, duration_ps=multiply_ps, release={buffers[lane]: 1}
        )
    return graph


def once(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def general() -> Iterator[Measurement]:
    """A graph that uses everything, by both event engines."""
    table = general_graph().table()
    tasks, label = len(table), "general graph of 50,000 tasks"
    slow = tasks / once(lambda: run_reference(table))
    fast = tasks / seconds(lambda: run_compiled(table), REPEAT)
    yield Measurement(f"{label}: SimPy", slow, "tasks/s")
    yield Measurement(f"{label}: compiled", fast, "tasks/s", 100 * slow, {"SimPy": fast / slow})


def pipelines() -> Iterator[Measurement]:
    """A loader, a converter and a multiplier: as a graph, as a recurrence over uneven tiles, in closed form."""
    rng = np.random.default_rng(0)
    tiles, shape = 2000, ((1, 1, 1), (3, 2), ("load", "convert", "multiply"))
    even = TilePipeline(tiles, [400, 300, 350], *shape)
    table = even.to_graph().table()
    events = 2 * len(table)
    slow = 1 / once(lambda: run_reference(table))
    yield Measurement("pipeline of 2,000 tiles, 3 stages: SimPy", events * slow, "events/s")
    graph = 1 / seconds(lambda: run_compiled(table), REPEAT)
    yield Measurement(
        "pipeline of 2,000 tiles, 3 stages: compiled, as a graph", events * graph, "events/s", None, {"SimPy": graph / slow}
    )
    long = TilePipeline(1_000_000, rng.integers(100, 1000, (1_000_000, 3)), *shape)
    rate = 2 * long.tiles * long.stages / seconds(long.events, REPEAT)
    ratio = {"SimPy": rate / events / slow}
    yield Measurement("pipeline of 1,000,000 uneven tiles: start and end of each", rate, "events/s", 30_000_000, ratio)
    durations = rng.integers(100, 1000, (POINTS, 3))
    units, slots = rng.integers(1, 5, (POINTS, 3)), rng.integers(1, 5, (POINTS, 2))
    closed = POINTS / seconds(lambda: makespans_ps(tiles, durations, units, slots), REPEAT)
    yield Measurement("pipelines of 2,000 tiles: SimPy", slow, "points/s")
    yield Measurement("pipelines of 2,000 tiles: closed form", closed, "points/s", 1000 * slow, {"SimPy": closed / slow})


def first_call() -> Iterator[Measurement]:
    """The first graph of a process, without and with compiled code on disk."""
    with tempfile.TemporaryDirectory() as cache:
        for state, slowest in (("compiles", 3.0), ("finds compiled code on disk", 0.5)):
            environment = os.environ | {"NUMBA_CACHE_DIR": cache}
            answer = subprocess.run(
                [sys.executable, "-c", FIRST_CALL], check=True, capture_output=True, text=True, env=environment
            )
            yield Measurement(f"first graph of a process: {state}", float(answer.stdout), "s", slowest)


def main() -> None:
    """Measure and print."""
    print(f"{'':<76} {'':>12} {'':<7} {'target':>9}")
    for part in (general, pipelines, first_call):
        for one in part():
            print(line(one), flush=True)


if __name__ == "__main__":
    main()
