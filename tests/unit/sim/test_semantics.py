"""Does every rule of docs/engine.md give the times that one works out by hand, in both event engines?"""

import pytest

from narrowgauge.sim import TaskGraph, run
from narrowgauge.sim.names import natural, split_name

pytestmark = pytest.mark.parametrize("engine", ["compiled", "reference"])


def starts_and_ends(graph, engine):
    schedule = run(graph, engine)
    return dict(
        zip(schedule.table.names, zip(schedule.times.start_ps.tolist(), schedule.times.end_ps.tolist(), strict=True), strict=True)
    )


def test_a_task_waits_for_all_before_it(engine):
    graph = TaskGraph()
    graph.task("a", duration_ps=3)
    graph.task("b", duration_ps=5)
    graph.task("c", after=["a", "b"], duration_ps=1)
    assert starts_and_ends(graph, engine) == {"a": (0, 3), "b": (0, 5), "c": (5, 6)}


def test_a_unit_serves_who_came_first(engine):
    graph = TaskGraph()
    graph.unit("u", 1)
    graph.task("first", duration_ps=2)
    graph.task("a", after=["first"], unit="u", duration_ps=10)
    graph.task("z", unit="u", duration_ps=5)
    graph.task("y", after=["first"], unit="u", duration_ps=1)
    times = starts_and_ends(graph, engine)
    assert (times["z"], times["a"], times["y"]) == ((0, 5), (5, 15), (15, 16))


def test_ties_go_to_the_smaller_name_and_numbers_in_names_count_as_numbers(engine):
    graph = TaskGraph()
    graph.unit("u", 1)
    for name in ("sm10.t[1]", "sm2.t[10]", "sm2.t[9]", "sm2.t"):
        graph.task(name, unit="u", duration_ps=1)
    assert starts_and_ends(graph, engine) == {"sm2.t": (0, 1), "sm2.t[9]": (1, 2), "sm2.t[10]": (2, 3), "sm10.t[1]": (3, 4)}


def test_a_priority_unit_serves_the_smallest_number_and_interrupts_nobody(engine):
    graph = TaskGraph()
    graph.unit("u", 1, "priority")
    graph.task("running", unit="u", duration_ps=4, priority=9)
    graph.task("tick", duration_ps=1)
    graph.task("late", after=["tick"], unit="u", duration_ps=1, priority=-1)
    graph.task("next", after=["tick"], unit="u", duration_ps=1, priority=3)
    times = starts_and_ends(graph, engine)
    assert (times["running"], times["late"], times["next"]) == ((0, 4), (4, 5), (5, 6))


def test_priority_means_nothing_to_a_fifo_unit(engine):
    graph = TaskGraph()
    graph.unit("u", 1)
    graph.task("a", unit="u", duration_ps=1, priority=5)
    graph.task("b", unit="u", duration_ps=1, priority=0)
    assert starts_and_ends(graph, engine) == {"a": (0, 1), "b": (1, 2)}


def test_nobody_overtakes_one_who_asks_for_more(engine):
    graph = TaskGraph()
    graph.unit("u", 2)
    graph.task("a", unit="u", duration_ps=5)
    graph.task("b", unit="u", amount=2, duration_ps=1)
    graph.task("c", unit="u", duration_ps=1)
    assert starts_and_ends(graph, engine) == {"a": (0, 5), "b": (5, 6), "c": (6, 7)}


def test_completions_of_a_moment_come_before_its_grants(engine):
    """At 3 the unit is free and `z` asks; `a` asks at 3 too, because of a completion of that moment, and has the smaller name."""
    graph = TaskGraph()
    graph.unit("u", 1)
    graph.task("hold", unit="u", duration_ps=3)
    graph.task("p", duration_ps=3)
    graph.task("q", after=["p"])
    graph.task("z", after=["p"], unit="u", duration_ps=1)
    graph.task("a", after=["q"], unit="u", duration_ps=1)
    times = starts_and_ends(graph, engine)
    assert (times["a"], times["z"]) == ((3, 4), (4, 5))


def test_a_grant_at_a_moment_is_not_taken_back_for_who_asks_later_at_that_moment(engine):
    """`z` is granted in the first round; `a` depends on a task without duration that had to be granted first."""
    graph = TaskGraph()
    graph.unit("u", 1)
    graph.unit("v", 1)
    graph.task("gate", unit="v")
    graph.task("a", after=["gate"], unit="u", duration_ps=1)
    graph.task("z", unit="u", duration_ps=1)
    times = starts_and_ends(graph, engine)
    assert (times["z"], times["a"]) == ((0, 1), (1, 2))


def test_latency_passes_before_the_bytes_move(engine):
    graph = TaskGraph()
    graph.channel("dram", 2_000_000)
    graph.task("load", duration_ps=100, transfer=("dram", 500))
    assert starts_and_ends(graph, engine) == {"load": (0, 350)}


def test_transfers_share_a_channel_equally(engine):
    """`a` alone moves 100 B in 100 ps; then both at half the rate: b's 50 B take 100 ps; a's last 250 B move alone."""
    graph = TaskGraph()
    graph.channel("dram", 1_000_000)
    graph.task("a", transfer=("dram", 400))
    graph.task("b", duration_ps=100, transfer=("dram", 50))
    assert starts_and_ends(graph, engine) == {"a": (0, 450), "b": (0, 200)}


def test_a_transfer_ends_at_the_first_picosecond_at_which_its_bytes_are_there(engine):
    """3 B/ps: 10 B alone take 3.33 ps; three of 10 B at 1 B/ps each take 10 ps."""
    graph = TaskGraph()
    graph.channel("dram", 3_000_000)
    graph.task("alone", transfer=("dram", 10))
    for name in "abc":
        graph.task(name, after=["alone"], transfer=("dram", 10))
    assert starts_and_ends(graph, engine) == {"alone": (0, 4), "a": (4, 14), "b": (4, 14), "c": (4, 14)}


def test_work_that_could_not_be_divided_is_carried_over(engine):
    """A channel of one byte per microsecond does one unit of work, a millionth of a byte, per picosecond. Three transfers have
    333,333 units each at 999,999 ps and one is left over; so 3,000,000 ps later all three bytes are there, and not later."""
    graph = TaskGraph()
    graph.channel("slow", 1)
    for name in "abc":
        graph.task(name, transfer=("slow", 1))
    graph.task("d", duration_ps=2_999_999, transfer=("slow", 0))
    assert starts_and_ends(graph, engine)["a"] == (0, 3_000_000)


def test_no_bytes_take_no_time(engine):
    graph = TaskGraph()
    graph.channel("dram", 1)
    graph.task("a", transfer=("dram", 0))
    assert starts_and_ends(graph, engine) == {"a": (0, 0)}


def test_a_full_buffer_holds_its_producer_back(engine):
    graph = TaskGraph()
    graph.buffer("stage", 2)
    for i in range(3):
        graph.task(f"load[{i}]", duration_ps=1, acquire={"stage": 1})
        graph.task(f"use[{i}]", after=[f"load[{i}]"], duration_ps=10, release={"stage": 1})
    times = starts_and_ends(graph, engine)
    assert [times[f"load[{i}]"] for i in range(3)] == [(0, 1), (0, 1), (11, 12)]


def test_slots_are_taken_before_the_unit_and_kept_while_waiting_for_it(engine):
    """`a` holds the only slot from 0 on although its unit is busy until 5, so `b` has to wait for the end of `a`."""
    graph = TaskGraph()
    graph.unit("u", 1)
    graph.buffer("s", 1)
    graph.task("0", unit="u", duration_ps=5)
    graph.task("a", unit="u", duration_ps=2, acquire={"s": 1}, release={"s": 1})
    graph.task("b", duration_ps=1, acquire={"s": 1}, release={"s": 1})
    assert starts_and_ends(graph, engine) == {"0": (0, 5), "a": (5, 7), "b": (7, 8)}


def test_a_unit_is_held_while_bytes_move(engine):
    graph = TaskGraph()
    graph.unit("copy_engine", 1)
    graph.channel("link", 1_000_000)
    for name in "ab":
        graph.task(name, unit="copy_engine", duration_ps=5, transfer=("link", 10))
    assert starts_and_ends(graph, engine) == {"a": (0, 15), "b": (15, 30)}


def test_why_a_task_had_to_wait_is_recorded(engine):
    graph = TaskGraph()
    graph.unit("u", 2)
    graph.task("x", unit="u", duration_ps=4)
    graph.task("w", unit="u", duration_ps=4)
    graph.task("y", unit="u", amount=2, duration_ps=1)
    schedule = run(graph, engine)
    y = schedule.table.names.index("y")
    assert schedule.times.waited_for[y] == 0
    assert schedule.table.name(schedule.times.let_in_by[y]) == "w"  # both ended, w is the first by name


def test_an_empty_graph_takes_no_time(engine):
    schedule = run(TaskGraph(), engine)
    assert schedule.makespan_ps == 0
    assert schedule.critical_path.rows == ()


def test_names_split_into_base_and_index(engine):
    assert [split_name(name) for name in ("a[3]", "a", "a[03]", "a[1][2]")] == [("a", 3), ("a", -1), ("a[03]", -1), ("a[1]", 2)]
    assert sorted(["a10b", "a9c", "a", "b", "a9"], key=natural) == ["a", "a9", "a9c", "a10b", "b"]
    assert natural("a01") != natural("a1")
