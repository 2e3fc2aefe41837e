"""Is every fault of a graph told, all at once, with the name of the culprit?"""

import numpy as np
import pytest

from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.sim import TaskGraph, run
from narrowgauge.sim.document import read_json


def faults(graph):
    with pytest.raises(InputError) as caught:
        graph.table()
    return str(caught.value)


def test_all_faults_come_at_once():
    graph = TaskGraph()
    graph.unit("core", 0)
    graph.unit("alu", 2, "lifo")
    graph.channel("dram", 0.5)
    graph.channel("core", 5)
    graph.task("a", unit="allu", duration_ps=-1)
    graph.task("b", unit="alu", amount=3, after=["c"])
    graph.task("b", acquire={"ring": 1})
    told = faults(graph)
    for part in (
        "unit 'core': capacity is 0, allowed: a whole number from 1",
        "unit 'alu': order 'lifo'; did you mean 'fifo'? allowed: fifo, priority",
        "channel 'dram': bytes_per_us is 0.5",
        "resource 'core': is there already",
        "task 'a': unknown unit 'allu'; did you mean 'alu'?",
        "task 'a': duration_ps is -1",
        "task 'b': waits for 'c', which is not there",
        "task 'b': unknown buffer 'ring'",
        "names are unique; more than one 'b'",
        "unit 'alu': capacity 2 is less than what is asked for by 'b'",
    ):
        assert part in told


def test_a_cycle_is_named_and_every_cycle_is():
    graph = TaskGraph()
    for one, other in (("a", "b"), ("b", "c"), ("c", "a"), ("x", "y"), ("y", "x"), ("z", "z")):
        graph.task(one, after=[other])
    told = faults(graph)
    assert "cycle: 'a' → 'c' → 'b' → 'a'" in told
    assert "cycle: 'x' → 'y' → 'x'" in told
    assert "cycle: 'z' → 'z'" in told


def test_a_shortest_cycle_is_named():
    graph = TaskGraph()
    graph.task("a", after=["d", "b"])
    for one, other in (("b", "a"), ("c", "b"), ("d", "c")):
        graph.task(one, after=[other])
    assert "cycle: 'a' → 'b' → 'a'" in faults(graph)


def test_sums_that_overflow_are_told():
    graph = TaskGraph()
    for i in range(3):
        graph.task(f"t[{i}]", duration_ps=2**61)
    assert "take 6,917,529,027,641,081,856 ps one after the other" in faults(graph)


def test_bytes_that_overflow_are_told():
    graph = TaskGraph()
    graph.channel("dram", 1_000_000)
    graph.task("a", transfer=("dram", 10**13))
    assert "channel 'dram': 10,000,000,000,000 bytes in all, allowed: up to 4,611,68" in faults(graph)


def test_a_number_that_is_none_is_told():
    graph = TaskGraph()
    graph.task("a", duration_ps=float("nan"))
    graph.task("b", duration_ps=True)
    graph.task("c", duration_ps="7")
    graph.task("d", actions={"mac": float("inf")})
    told = faults(graph)
    for part in (
        "'a': duration_ps is nan",
        "'b': duration_ps is True",
        "'c': duration_ps is '7'",
        "'d': action 'mac' counts inf",
    ):
        assert part in told


def test_families_are_checked_like_tasks():
    graph = TaskGraph()
    graph.tasks("f", 3, duration_ps=np.array([1, -2, 3]), amount=np.array([1, 2]), after=[np.array([-1, 0, 7])])
    told = faults(graph)
    assert "tasks 'f[…]': duration_ps is -2 at position 1" in told
    assert "tasks 'f[…]': amount has shape (2,), allowed: one number or 3" in told
    assert "task 'f[2]': waits for 7; handles of this graph are 0 to 2" in told


def test_a_buffer_that_can_never_hold_what_is_taken_is_told():
    graph = TaskGraph()
    graph.buffer("stage", 2)
    graph.task("a", acquire={"stage": 3})
    graph.task("b", release={"stage": 4})
    told = faults(graph)
    assert "buffer 'stage': 2 slots are less than what is taken by 'a'" in told
    assert "buffer 'stage': 4 slots are given back and only 3 are taken" in told


def test_a_resource_of_another_graph_is_unknown():
    other = TaskGraph().unit("core", 4)
    graph = TaskGraph()
    graph.unit("core", 2)
    graph.task("a", unit=other)
    assert "task 'a': unknown unit 'core'" in faults(graph)


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_a_deadlock_says_who_waits_for_what(engine):
    graph = TaskGraph()
    graph.buffer("stage", 1)
    graph.task("a", duration_ps=7, acquire={"stage": 1})
    graph.task("b", acquire={"stage": 1})
    graph.task("c", after=["b"], release={"stage": 1})
    with pytest.raises(InputError) as caught:
        run(graph, engine)
    assert str(caught.value) == (
        "deadlock: 2 of 3 tasks never start after 7 ps\n"
        "buffer 'stage': 0 of 1 slots are free, 'b' wait for more; would be given back by 'c', which never start"
    )


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_slots_given_back_too_early_are_told(engine):
    graph = TaskGraph()
    graph.buffer("stage", 1)
    graph.task("late", duration_ps=1)
    graph.task("a", after=["late"], acquire={"stage": 1})
    graph.task("early", release={"stage": 1})
    with pytest.raises(InputError, match="buffer 'stage': at 0 ps 'early' give back slots that nobody has taken"):
        run(graph, engine)


def test_an_unknown_engine_is_told():
    with pytest.raises(InputError, match="did you mean 'compiled'"):
        run(TaskGraph(), "compile")


def test_the_closed_form_refuses_a_task_graph():
    with pytest.raises(UnsupportedError, match="runs a TilePipeline"):
        run(TaskGraph(), "pipeline")


def test_faults_of_a_file_come_with_their_paths():
    tasks = '[{"name": "a", "affter": []}, {"duration_ps": "x"}]'
    text = f'{{"kind": "narrowgauge.task-graph", "version": 1, "tasks": {tasks}, "unitz": []}}'
    with pytest.raises(InputError) as caught:
        read_json(text, "graph.json")
    told = str(caught.value)
    assert "graph.json.tasks[0].affter: unknown key; did you mean 'after'?" in told
    assert "graph.json.tasks[1].name: Field required" in told
    assert "graph.json.tasks[1].duration_ps: Input should be a valid integer, given 'x'" in told
    assert "graph.json.unitz: unknown key; did you mean 'units'?" in told


def test_a_file_of_another_version_is_refused():
    with pytest.raises(InputError, match=r"graph\.json\.version"):
        read_json('{"kind": "narrowgauge.task-graph", "version": 2}', "graph.json")


def test_text_that_is_no_json_is_refused():
    with pytest.raises(InputError, match="Invalid JSON"):
        read_json("{")
