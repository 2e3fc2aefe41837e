"""Are families of tasks, parts of graphs, files and scripts what the same calls one by one would give?"""

import numpy as np
import pytest

from narrowgauge.errors import InputError
from narrowgauge.sim import TaskGraph, run
from narrowgauge.sim.document import write_json
from narrowgauge.sim.slices import of_operators, of_window, with_ancestors


def chain():
    graph = TaskGraph()
    graph.unit("u", 1)
    graph.buffer("b", 1)
    graph.task("a", unit="u", duration_ps=10, operator="first", acquire={"b": 1})
    graph.task("b", after=["a"], duration_ps=10, operator="second", release={"b": 1})
    graph.task("c", after=["b"], unit="u", duration_ps=10, operator="first")
    return graph


def test_a_family_is_its_tasks():
    family, single = TaskGraph(), TaskGraph()
    for graph in (family, single):
        graph.unit("u", 2)
        graph.channel("c", 5)
        graph.buffer("b", 3)
    head = family.tasks("head", 2, duration_ps=np.array([1, 2]))
    first = len(family)
    family.tasks(
        "t",
        np.array([4, 7, 9]),
        after=[head[0], np.array([-1, first, first + 1])],
        unit="u",
        amount=np.array([1, 2, 1]),
        transfer=("c", np.array([3, 0, 1])),
        acquire={"b": np.array([1, 0, 2])},
        release={"b": np.array([1, 0, 2])},
        actions={"mac": np.array([0.5, 1.0, 2.0])},
        operator="gemm",
    )
    single.task("head[0]", duration_ps=1)
    single.task("head[1]", duration_ps=2)
    for index, after, amount, moved, slots, macs in (
        (4, [], 1, 3, 1, 0.5),
        (7, ["t[4]"], 2, 0, 0, 1.0),
        (9, ["t[7]"], 1, 1, 2, 2.0),
    ):
        taken = {"b": slots} if slots else {}
        single.task(
            f"t[{index}]",
            after=["head[0]", *after],
            unit="u",
            amount=amount,
            transfer=("c", moved),
            acquire=taken,
            release=taken,
            actions={"mac": macs},
            operator="gemm",
        )
    assert write_json(family) == write_json(single)


def test_a_part_by_operator_keeps_what_is_inside():
    part = of_operators(chain(), ["first"])
    assert run(part).table.names == ["a", "c"]
    assert run(part).makespan_ps == 20  # c no longer waits for a, except for the unit
    assert part.resources.keys() == {"u"}  # the buffer's slot is given back outside


def test_a_part_by_time_takes_what_is_under_way():
    schedule = run(chain())
    assert [of_window(schedule, *window).table().names for window in ((0, 10), (9, 11), (10, 20), (30, 40))] == [
        ["a"],
        ["a", "b"],
        ["b"],
        [],
    ]


def test_a_part_with_all_that_is_before_it_runs_as_before():
    part = with_ancestors(chain(), ["b"])
    assert run(part).times.end_ps.tolist() == [10, 20]
    assert "b" in part.resources


def test_parts_of_what_is_not_there_are_refused():
    with pytest.raises(InputError, match="unknown 'frist'; did you mean 'first'"):
        of_operators(chain(), ["frist"])
    with pytest.raises(InputError, match="'d' is not there"):
        with_ancestors(chain(), ["d"])


def test_repr_is_a_script():
    assert repr(chain()).splitlines() == [
        "graph = TaskGraph()",
        "graph.unit('u', 1, 'fifo')",
        "graph.buffer('b', 1)",
        "graph.task('a', unit='u', duration_ps=10, acquire={'b': 1}, operator='first')",
        "graph.task('b', after=['a'], duration_ps=10, release={'b': 1}, operator='second')",
        "graph.task('c', after=['b'], unit='u', duration_ps=10, operator='first')",
    ]


def test_repr_of_many_tasks_stays_short():
    graph = TaskGraph()
    graph.tasks("t", 1000)
    assert repr(graph).splitlines()[-1] == "# and 800 more tasks"
