"""How fast is the DRAM model? Commands a second of the compiled engine, beside the SimPy reference of the same run.

python benchmarks/dram.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from narrowgauge.sim.dram import Controller, Standard, engine, load_standard, run_program
from narrowgauge.sim.dram.patterns import stream
from narrowgauge.sim.dram.program import ChannelRequests, Program
from narrowgauge.sim.dram.programs import attention, hbm_pim_gemv, host_gemv
from narrowgauge.sim.dram.reference import ReferenceChannel
from narrowgauge.sim.dram.simulate import engine_rules, requests_of, simulate
from narrowgauge.sim.dram.tables import tables

REPEAT = 5
REQUESTS, REFERENCE_REQUESTS = 500_000, 300
COLD = """
import time
from narrowgauge.sim.dram import Controller, load_standard, simulate
from narrowgauge.sim.dram.patterns import stream
standard = load_standard("hbm2")
controller = Controller.of(standard)
requests = stream(standard, controller, "seq", 100)
started = time.perf_counter()
simulate(standard, requests, controller)
print(time.perf_counter() - started)
"""


def best_s(work: Callable[[], object]) -> float:
    """Processor seconds of the fastest of a few runs, after one that warms up."""
    work()
    found = []
    for _ in range(REPEAT):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def line(what: str, value: float, unit: str, target: float | None = None, ratio: str = "") -> None:
    kept = "" if target is None else "met" if (value >= target if unit.endswith("/s") else value <= target) else "missed"
    wanted = "" if target is None else f"{target:>12,.4g}"
    print(f"{what:58} {value:>14,.4g} {unit:12} {wanted:>12} {kept:7} {ratio}")


def channel(standard: Standard, controller: Controller, pattern: str, count: int) -> ChannelRequests:
    return requests_of(standard, controller, stream(standard, controller, pattern, count))[0]


def streams(name: str) -> None:
    standard = load_standard(name)
    controller = Controller.of(standard)
    arrays, rules = tables(standard), engine_rules(controller)
    for pattern, target in (("row-hit", 50e6), ("seq", None), ("random", 5e6)):
        requests = channel(standard, controller, pattern, REQUESTS).table()
        commands = int(engine.serve(arrays, rules, requests).issued.sum())
        rate = commands / best_s(lambda rows=requests: engine.serve(arrays, rules, rows))
        few = channel(standard, controller, pattern, REFERENCE_REQUESTS)
        started = time.process_time()
        log = ReferenceChannel(standard, controller, few).run()
        slow = len(log) / (time.process_time() - started)
        line(f"{name}, {pattern}: engine", rate, "commands/s", target, f"{rate / slow:,.0f} × SimPy reference")
    whole = stream(standard, controller, "seq", REQUESTS)
    line(
        f"{name}, seq: with addresses and statistics",
        REQUESTS / best_s(lambda: simulate(standard, whole, controller)),
        "requests/s",
    )


def programs() -> None:
    cases: list[tuple[str, Callable[[Standard], Program], float | None]] = [
        ("hbm2-pimsimulator", lambda s: hbm_pim_gemv(s, 4096, 4096, 64), 0.1),
        ("hbm2-pimsimulator", lambda s: host_gemv(s, 4096, 4096, 64), None),
        ("hbm3-attacc", lambda s: attention(s, 2048, 128, "bank"), 0.05),
        ("hbm3-attacc", lambda s: attention(s, 2048, 128, "buffer"), None),
    ]
    for name, make, target in cases:
        standard = load_standard(name)
        line(make(standard).name, best_s(lambda s=standard, m=make: run_program(s, m(s))), "s", target)


def first_call() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for what, target in (("first call, compiling", 3.0), ("first call, from the cache", None)):
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            shown = subprocess.run([sys.executable, "-c", COLD], env=environment, capture_output=True, text=True, check=True)
            line(what, float(shown.stdout), "s", target)


if __name__ == "__main__":
    np.seterr(all="raise")
    print(f"{'':58} {'':14} {'':12} {'target':>12}")
    for memory in ("hbm2", "hbm2-dramsim3", "ddr4"):
        streams(memory)
    programs()
    first_call()
