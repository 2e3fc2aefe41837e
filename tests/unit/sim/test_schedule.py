"""Does a schedule say what happened, what limited it and what it cost?"""

import pytest

from narrowgauge.errors import InputError
from narrowgauge.sim import TaskGraph, run
from narrowgauge.sim.bounds import LONGEST_PATH, bound


@pytest.fixture
def graph():
    """Three tiles of the example in docs/engine.md."""
    graph = TaskGraph()
    graph.unit("core", 1)
    graph.channel("dram", 1_000_000)
    graph.buffer("stage", 2)
    for i in range(3):
        graph.task(
            f"load[{i}]",
            duration_ps=100,
            transfer=("dram", 400),
            acquire={"stage": 1},
            operator="fetch",
            category="load",
            actions={"dram_byte": 400},
        )
        graph.task(
            f"mma[{i}]",
            after=[f"load[{i}]"],
            unit="core",
            duration_ps=300,
            release={"stage": 1},
            operator="gemm",
            category="multiply",
            actions={"mac": 1000, "dram_byte": 1},
        )
    return graph


def test_the_table_has_a_row_for_each_task(graph):
    frame = run(graph, prices_pj={"dram_byte": 2.0, "mac": 0.5}).frame.set_index("task")
    assert list(frame.index) == ["load[0]", "load[1]", "load[2]", "mma[0]", "mma[1]", "mma[2]"]
    row = frame.loc["mma[1]"].to_dict()
    assert row == {
        "operator": "gemm",
        "category": "multiply",
        "unit": "core",
        "channel": "",
        "ready_ps": 900,
        "start_ps": 1200,
        "end_ps": 1500,
        "busy_ps": 300,
        "wait_ps": 300,
        "bound_by": "core",
        "actions.dram_byte": 1.0,
        "actions.mac": 1000.0,
        "energy_pj": 502.0,
    }


def test_what_most_of_a_tasks_time_went_to(graph):
    bound_by = run(graph).frame.set_index("task")["bound_by"].to_dict()
    assert bound_by == {
        "load[0]": "dram",  # 400 of 900 its own bytes, 400 because of the other transfer: the first of equals
        "load[1]": "dram",
        "load[2]": "stage",  # waits 1200 for a slot
        "mma[0]": "work on core",
        "mma[1]": "core",  # waits 300, works 300
        "mma[2]": "work on core",
    }


def test_busy_times_by_resource(graph):
    assert run(graph).busy_ps() == {"core": 900, "dram": 800 + 400}


def test_a_task_that_takes_two_counts_twice_for_its_unit():
    graph = TaskGraph()
    graph.unit("u", 3)
    graph.task("a", unit="u", amount=2, duration_ps=5)
    assert run(graph).busy_ps() == {"u": 10}


def test_the_critical_path_goes_through_the_slot_that_was_waited_for(graph):
    schedule = run(graph)
    path = schedule.critical_path
    assert [schedule.table.name(row) for row in path.rows] == ["load[0]", "mma[0]", "load[2]", "mma[2]"]
    assert path.entered_by == ("start", "dependency", "buffer stage", "dependency")
    assert path.share() == {"dram": 800 / 2000, "core": 600 / 2000, "sharing dram": 400 / 2000, "latency": 200 / 2000}
    assert path.limits() == {
        "fetch": {"latency": 200 / 2000, "dram": 800 / 2000, "sharing dram": 400 / 2000},
        "gemm": {"core": 600 / 2000},
    }
    assert path.over_time(2)[1] == {"core": 600 / 1000 - 100 / 1000, "latency": 100 / 1000, "dram": 400 / 1000}


def test_the_critical_path_goes_through_the_unit_that_was_waited_for():
    graph = TaskGraph()
    graph.unit("u", 1)
    for name in "ab":
        graph.task(name, unit="u", duration_ps=2)
    assert run(graph).critical_path.entered_by == ("start", "unit u")


def test_shares_by_something_unknown_are_refused(graph):
    with pytest.raises(InputError, match="allowed: resource, operator, category"):
        run(graph).critical_path.share("unit")


def test_the_bound_of_every_resource(graph):
    assert bound(graph.table()).by_cause_ps == {LONGEST_PATH: 800, "core": 900, "dram": 1200}
    assert bound(graph.table()).limited_by == "dram"


def test_energy_needs_a_price_for_every_action(graph):
    with pytest.raises(InputError, match="action 'mac' has no energy; did you mean 'macs'"):
        run(graph, prices_pj={"dram_byte": 1.0, "macs": 1.0})
    with pytest.raises(InputError, match="no energies of actions were given"):
        _ = run(graph).energy_pj
    assert run(graph).frame["energy_pj"].isna().all()


def test_the_manifest_knows_its_graph(graph):
    before = run(graph).manifest()
    assert before["units"] == {"core": {"capacity": 1, "order": "fifo"}}
    assert before["makespan_ps"] == 2000
    assert run(graph, "reference").manifest() == before | {"engine": "reference"}
    graph.task("more")
    assert run(graph).manifest()["graph_sha256"] != before["graph_sha256"]
