"""Do the engines agree to the last picosecond, and on every error, whatever the graph?"""

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from task_graphs import build, outcome, plans

from narrowgauge.sim import TaskGraph, run
from narrowgauge.sim.document import read_json, write_json
from narrowgauge.sim.pipeline import TilePipeline, makespans_ps

TASKS = 60


@settings(max_examples=3000)
@given(plans())
def test_compiled_is_reference(plan):
    graph = build(plan)
    note(repr(graph))
    assert outcome(graph, "compiled") == outcome(graph, "reference")


@pytest.mark.parametrize("seed", range(8))
def test_compiled_is_reference_on_crowded_graphs(seed):
    rng = np.random.default_rng(seed)
    for _ in range(50):
        graph = crowd(rng)
        assert outcome(graph, "compiled") == outcome(graph, "reference"), repr(graph)


def crowd(rng):
    """Sixty tasks on two units, two channels and two buffers, whose slots the taker or one of the next tasks gives back."""
    graph = TaskGraph()
    for number in range(2):
        graph.unit(f"u{number}", int(rng.integers(1, 5)), "priority" if number else "fifo")
        graph.channel(f"c{number}", int(rng.choice([1, 2, 3, 700_000, 5_000_000])))
        graph.buffer(f"b{number}", int(rng.integers(2, 6)))
    gives = [{} for _ in range(TASKS)]
    for number in range(TASKS):
        takes = {f"b{b}": 1 for b in range(2) if rng.random() < 0.3}
        for buffer in takes:
            by = gives[min(TASKS - 1, number + int(rng.integers(0, 3)))]
            by[buffer] = by.get(buffer, 0) + 1
        channel, unit = rng.integers(-1, 2, 2)
        graph.task(
            f"t[{(number * 37) % TASKS}]",
            after=[int(on) for on in set(rng.integers(max(0, number - 8), number, 2).tolist())] if number else [],
            unit=f"u{unit}" if unit >= 0 else None,
            duration_ps=int(rng.choice([0, 1, 2, 5])),
            transfer=(f"c{channel}", int(rng.integers(0, 9))) if channel >= 0 else None,
            acquire=takes,
            release=gives[number],
            priority=int(rng.integers(0, 3)),
        )
    return graph


@settings(max_examples=300)
@given(plans(), st.randoms(use_true_random=False))
def test_order_of_insertion_changes_nothing(plan, random):
    order = list(range(len(plan[-1])))
    random.shuffle(order)
    assert outcome(build(plan)) == outcome(build(plan, order))


@settings(max_examples=300)
@given(plans())
def test_repr_rebuilds_the_graph(plan):
    graph, names = build(plan), {"TaskGraph": TaskGraph}
    exec(repr(graph), names)
    assert write_json(names["graph"]) == write_json(graph)


@settings(max_examples=300)
@given(plans())
def test_json_rebuilds_the_graph(plan):
    text = write_json(build(plan))
    again = read_json(text)
    assert write_json(again) == text
    assert outcome(again) == outcome(build(plan))


@st.composite
def pipelines(draw, regular):
    tiles, stages = draw(st.integers(1, 25)), draw(st.integers(1, 4))
    row = st.lists(st.integers(0, 5), min_size=stages, max_size=stages)
    durations = draw(row if regular else st.lists(row, min_size=tiles, max_size=tiles))
    counts = st.integers(1, 4)
    units = draw(st.lists(counts, min_size=stages, max_size=stages))
    return TilePipeline(tiles, durations, units, draw(st.lists(counts, min_size=stages - 1, max_size=stages - 1)))


@settings(max_examples=300)
@given(pipelines(regular=False))
def test_three_engines_agree_on_irregular_tiles(pipeline):
    compiled, reference, closed = (run(pipeline, engine).times for engine in ("compiled", "reference", "pipeline"))
    for column, values in vars(compiled).items():
        assert values.tolist() == getattr(reference, column).tolist() == getattr(closed, column).tolist()
    assert pipeline.makespan_ps() == compiled.end_ps.max()


@settings(max_examples=300)
@given(pipelines(regular=True))
def test_closed_form_is_the_recurrence(pipeline):
    durations = np.broadcast_to(pipeline.durations_ps, (1, pipeline.tiles, pipeline.stages))
    counts = np.array([pipeline.units]), np.array([pipeline.slots], dtype=np.int64).reshape(1, -1)
    assert pipeline.makespan_ps() == makespans_ps(pipeline.tiles, durations, *counts)[0] == run(pipeline).makespan_ps


@settings(max_examples=300)
@given(pipelines(regular=True))
def test_units_and_buffers_that_serve_in_order_are_the_ring(pipeline):
    """With constant stage times, counting slots and free units does what taking turns does."""
    graph, names = TaskGraph(), pipeline.names
    for name, count in zip(names, pipeline.units, strict=True):
        graph.unit(name, count)
    rings = [graph.buffer(f"ring{number}", slots) for number, slots in enumerate(pipeline.slots)]
    for tile in range(pipeline.tiles):
        for stage, name in enumerate(names):
            graph.task(
                f"{name}[{tile}]",
                after=[f"{names[stage - 1]}[{tile}]"] if stage else [],
                unit=name,
                duration_ps=int(pipeline.durations_ps[stage]),
                acquire={rings[stage]: 1} if stage < len(rings) else {},
                release={rings[stage - 1]: 1} if stage else {},
            )
    assert run(graph).makespan_ps == pipeline.makespan_ps()
