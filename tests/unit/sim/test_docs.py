"""Does the code in docs/engine.md run, and is everything there true?"""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "engine.md"
WITHOUT_COMPILER = """
from narrowgauge.sim import TaskGraph, run
graph = TaskGraph()
graph.unit("u", 1, "priority"); graph.channel("c", 3_000_000); graph.buffer("b", 1)
for i in range(4):
    graph.task(f"t[{i}]", unit="u", duration_ps=i, transfer=("c", 10), acquire={"b": 1}, release={"b": 1}, priority=-i)
from narrowgauge.sim.pipeline import TilePipeline
print(run(graph).times.end_ps.tolist(), TilePipeline(9, [2, 3], [1, 2], [2]).makespan_ps())
"""


def test_the_examples_of_the_page_hold():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    for block in blocks:
        exec(block, names)
    assert names["schedule"].makespan_ps == 2000


def test_the_compiled_engine_runs_without_compiler():
    answers = {
        subprocess.run(
            [sys.executable, "-c", WITHOUT_COMPILER],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"NUMBA_DISABLE_JIT": switch},
        ).stdout
        for switch in "01"
    }
    assert len(answers) == 1
