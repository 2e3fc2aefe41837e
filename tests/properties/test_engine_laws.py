"""Do the laws that no schedule may break hold for any graph?"""

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from task_graphs import build, outcome, plans

from narrowgauge.sim import run
from narrowgauge.sim.bounds import bound
from narrowgauge.sim.pipeline import makespans_ps

many = settings(max_examples=150)


def schedule_of(plan, **changes):
    graph = build(plan, **changes)
    assume(isinstance(outcome(graph), dict))
    return run(graph, prices_pj={"step": 0.1})


@many
@given(plans())
def test_no_schedule_beats_the_bound(plan):
    schedule = schedule_of(plan)
    assert bound(schedule.table).makespan_ps <= schedule.makespan_ps


@many
@given(plans())
def test_nobody_is_busier_than_its_capacity_allows(plan):
    schedule = schedule_of(plan)
    busy = schedule.busy_ps()
    for unit in schedule.table.units:
        assert busy[unit.name] <= unit.capacity * schedule.makespan_ps
    for channel in schedule.table.channels:
        assert busy[channel.name] <= schedule.makespan_ps


@many
@given(plans())
def test_units_and_buffers_never_hold_more_than_they_can(plan):
    schedule = schedule_of(plan)
    table, times = schedule.table, schedule.times
    for number, unit in enumerate(table.units):
        on = np.flatnonzero(table.unit == number)
        for now in np.unique(times.start_ps[on]):
            under_way = (times.start_ps[on] <= now) & (now < times.end_ps[on])
            assert table.amount[on][under_way].sum() <= unit.capacity


@many
@given(plans())
def test_the_order_of_events_of_a_task(plan):
    times = schedule_of(plan).times
    assert (times.ready_ps >= 0).all()
    assert (times.ready_ps <= times.seated_ps).all()
    assert (times.seated_ps <= times.start_ps).all()
    assert (times.start_ps <= times.end_ps).all()


@many
@given(plans())
def test_bytes_take_at_least_their_time_alone_and_at_most_everybodys(plan):
    """Alone, a transfer may gain what was carried over before it: less than a picosecond here."""
    schedule = schedule_of(plan)
    table, times = schedule.table, schedule.times
    for number in range(len(table.channels)):
        on = table.channel == number
        flight = times.end_ps[on] - schedule.transfer_start_ps[on]
        alone = schedule.alone_ps[on]
        assert (flight >= alone - 1).all()
        assert (flight <= alone.sum() + on.sum()).all()


@many
@given(plans())
def test_the_critical_path_covers_the_makespan_without_a_gap(plan):
    schedule = schedule_of(plan)
    path = schedule.critical_path
    times = schedule.times
    assert times.start_ps[path.rows[0]] == 0
    assert times.end_ps[path.rows[-1]] == schedule.makespan_ps
    for before, after in zip(path.rows, path.rows[1:], strict=False):
        assert times.end_ps[before] == times.start_ps[after]
    edges = [0, *(segment.end_ps for segment in path.segments)]
    assert [segment.start_ps for segment in path.segments] == edges[:-1]
    assert edges[-1] == schedule.makespan_ps
    if schedule.makespan_ps:
        for by in ("resource", "operator", "category"):
            assert math.isclose(sum(path.share(by).values()), 1.0)
        for window in path.over_time(3):
            assert math.isclose(sum(window.values()), 1.0)


@many
@given(plans(), st.lists(st.integers(0, 1000), min_size=10, max_size=10))
def test_energy_rows_sum_to_the_total(plan, counts):
    units, channels, buffers, tasks = plan
    tasks = [task | {"actions": {"step": count}} for task, count in zip(tasks, counts, strict=False)]
    schedule = schedule_of((units, channels, buffers, tasks))
    total = 0.1 * sum(task["actions"]["step"] for task in tasks)
    assert math.isclose(schedule.energy_pj.sum(), total, rel_tol=1e-12)
    assert math.isclose(math.fsum(schedule.frame["energy_pj"]), total, rel_tol=1e-12)


@many
@given(plans())
def test_more_of_anything_never_raises_the_bound(plan):
    table = build(plan).table()
    before = bound(table).makespan_ps
    assert bound(build(plan, more=1).table()).makespan_ps <= before
    assert bound(build(plan, faster=2).table()).makespan_ps <= before


@st.composite
def pipelines(draw):
    tiles, stages = draw(st.integers(1, 20)), draw(st.integers(1, 4))
    durations = draw(st.lists(st.integers(0, 5), min_size=stages, max_size=stages))
    units, slots = (draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)) for n in (stages, stages - 1))
    faster = np.arange(stages) == draw(st.integers(0, stages - 1))
    return tiles, np.array([durations]), np.array([units]), np.array([slots], dtype=np.int64).reshape(1, -1), faster


@many
@given(pipelines())
def test_more_units_or_slots_or_speed_never_slow_a_regular_pipeline(pipeline):
    tiles, durations, units, slots, better = pipeline
    before = makespans_ps(tiles, durations, units, slots)[0]
    assert makespans_ps(tiles, durations, units + better, slots)[0] <= before
    assert makespans_ps(tiles, durations, units, slots + better[:-1])[0] <= before
    assert makespans_ps(tiles, durations // (1 + better), units, slots)[0] <= before


def test_more_units_can_slow_a_pipeline_of_uneven_tiles():
    """Tiles go to units in turn: with two units the long ones, 0 and 3, go to different ones, with three to the same."""
    durations = np.array([[[1], [0], [0], [1]]])
    slots = np.zeros((1, 0), dtype=np.int64)
    two, three = (makespans_ps(4, durations, np.array([[units]]), slots)[0] for units in (2, 3))
    assert (two, three) == (1, 2)
