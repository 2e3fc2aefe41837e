"""Are timelines files that viewers accept, and do they show what happened?"""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from narrowgauge.errors import UnsupportedError
from narrowgauge.experiments.gantt import draw_gantt
from narrowgauge.sim import TaskGraph, run
from narrowgauge.sim.trace import lanes, write_trace
from narrowgauge.sim.trace_schema import Trace


@pytest.fixture
def schedule():
    graph = TaskGraph()
    graph.unit("core", 2)
    graph.channel("dram", 2_000_000)
    graph.task("load", duration_ps=100, transfer=("dram", 400), category="load", actions={"byte": 300})
    graph.task("wide", after=["load"], unit="core", amount=2, duration_ps=50)
    graph.task("narrow", after=["load"], unit="core", duration_ps=50, actions={"byte": 100})
    return run(graph, prices_pj={"byte": 1.0})


def spans(schedule):
    events = json.loads(write_trace(schedule))["traceEvents"]
    tracks = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    return {(e["name"], tracks[e["pid"], e["tid"]]): (e["ts"], e["dur"]) for e in events if e["ph"] == "X"}


def test_a_trace_keeps_to_its_schema(schedule):
    Trace.model_validate_json(write_trace(schedule))


def test_the_schema_refuses_what_is_no_trace(schedule):
    trace = json.loads(write_trace(schedule))
    for broken in ({"ph": "X", "name": "t"}, {"ph": "?", "name": "t", "pid": 1, "tid": 1}):
        with pytest.raises(ValidationError):
            Trace.model_validate(trace | {"traceEvents": [broken]})


def test_tasks_stand_on_tracks_of_their_resources(schedule):
    assert spans(schedule) == {
        ("load", "latency[0]"): (0.0, 0.0001),
        ("load", "dram[0]"): (0.0001, 0.0002),
        ("narrow", "core[0]"): (0.0003, 0.00005),
        ("wide", "core[0]"): (0.00035, 0.00005),
    }


def test_arrows_go_from_end_to_start(schedule):
    events = json.loads(write_trace(schedule))["traceEvents"]
    arrows = [(e["ph"], e["id"], e["ts"]) for e in events if e["name"] == "dependency"]
    assert arrows == [("s", 0, 0.0003), ("f", 0, 0.0003), ("s", 1, 0.0003), ("f", 1, 0.00035)]


def test_counters_change_when_transfers_do_and_power_is_energy_over_time(schedule):
    events = json.loads(write_trace(schedule))["traceEvents"]
    values = [(e["name"], e["ts"], e["args"]["value"]) for e in events if e["ph"] == "C"]
    assert [v for v in values if v[0] == "dram: GB/s"] == [("dram: GB/s", 0.0001, 2000.0), ("dram: GB/s", 0.0003, 0.0)]
    power = [v[1:] for v in values if v[0] == "power: W"]
    assert power == [(0.0, 1.0), (0.0003, 2.0), (0.00035, 0.0), (0.0004, 0.0)]


def test_counted_bytes_have_a_rate_that_adds_up_to_them():
    graph = TaskGraph()
    core = graph.unit("core")
    graph.task("a", unit=core, duration_ps=4000, actions={"dram_byte": 800})
    graph.task("b", after=["a"], unit=core, duration_ps=4000)
    events = [event for event in json.loads(write_trace(run(graph)))["traceEvents"] if event["name"] == "dram: GB/s"]
    rates = [event["args"]["value"] for event in events]
    assert rates[0] == 200.0  # 800 bytes in 4 ns
    assert rates[len(rates) // 2 + 1] == 0.0
    widths = np.diff([event["ts"] for event in events])
    assert np.dot(rates[:-1], widths) * 1e3 == pytest.approx(800)  # GB/s × us = 1,000 bytes


def test_overlapping_intervals_get_tracks_of_their_own():
    start, end = np.array([0, 0, 1, 2, 2]), np.array([2, 1, 2, 3, 3])
    assert lanes(start, end, np.ones(5, dtype=np.int64)).tolist() == [1, 0, 0, 0, 1]


def test_an_empty_schedule_has_a_timeline():
    Trace.model_validate_json(write_trace(run(TaskGraph())))


def test_a_gantt_chart_is_written(schedule, tmp_path):
    draw_gantt(schedule, tmp_path / "chart.svg")
    assert "<svg" in (tmp_path / "chart.svg").read_text()


def test_a_gantt_chart_of_too_many_tasks_is_refused(tmp_path):
    graph = TaskGraph()
    graph.tasks("t", 2001)
    with pytest.raises(UnsupportedError, match="2,001 tasks cannot be read"):
        draw_gantt(run(graph), tmp_path / "chart.svg")
