"""Schedules, replacement and addresses of random small graphs: valid, exact where they say so, never better than exact."""

from itertools import pairwise, permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from spill_search import fewest_bytes

from narrowgauge.dataflows.residency import Method, Tensor, TensorGraph, TensorOperator, minimum_peak, peak_of, place, schedule
from narrowgauge.dataflows.residency.exact import solve


@st.composite
def graphs(draw, most_operators):
    """Operators that each take one to three of the tensors there are."""
    inputs = draw(st.integers(1, 2))
    names = [f"in{i}" for i in range(inputs)]
    operators = []
    for i in range(draw(st.integers(1, most_operators))):
        taken = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        operators.append(TensorOperator(f"op{i}", tuple(taken), f"t{i}"))
        names.append(f"t{i}")
    tensors = tuple(Tensor(name, draw(st.integers(1, 6))) for name in names)
    return TensorGraph(tensors, tuple(operators))


def orders_of(graph):
    for order in permutations(range(len(graph.operators))):
        place_of = {o: i for i, o in enumerate(order)}
        if all(
            place_of[graph.makers[t]] < place_of[i]
            for i, op in enumerate(graph.operators)
            for t in op.inputs
            if t in graph.makers
        ):
            yield order


@settings(max_examples=40, deadline=None)
@given(graphs(5), st.integers(0, 4))
def test_the_exact_model_moves_the_fewest_bytes_of_all_plans(graph, spare):
    capacity = graph.largest_working_set + spare
    plan = schedule(graph, capacity, Method.EXACT)
    assert plan.faults() == []
    assert plan.exact
    assert plan.noncompulsory_bytes == fewest_bytes(graph, capacity)


@settings(max_examples=40, deadline=None)
@given(graphs(7), st.integers(0, 4))
def test_the_heuristic_is_valid_and_never_better_than_exact(graph, spare):
    capacity = graph.largest_working_set + spare
    plan, proven = schedule(graph, capacity, Method.HEURISTIC), schedule(graph, capacity, Method.EXACT)
    assert plan.faults() == []
    assert plan.noncompulsory_bytes >= proven.noncompulsory_bytes
    assert not plan.exact or plan.noncompulsory_bytes == proven.noncompulsory_bytes


@settings(max_examples=60, deadline=None)
@given(graphs(6))
def test_the_minimum_peak_is_that_of_the_best_order(graph):
    found = minimum_peak(graph)
    assert found.exact
    assert found.peak_bytes == min(peak_of(graph, order) for order in orders_of(graph)) == peak_of(graph, found.order)


@settings(max_examples=40, deadline=None)
@given(graphs(6))
def test_at_the_minimum_peak_nothing_is_spilled_and_below_it_something_is(graph):
    peak = minimum_peak(graph).peak_bytes
    assert schedule(graph, peak, Method.HEURISTIC).noncompulsory_bytes == 0
    if peak > graph.largest_working_set:
        assert solve(graph, peak - 1).noncompulsory_bytes > 0


@settings(max_examples=60, deadline=None)
@given(graphs(8))
def test_a_cut_off_peak_search_still_gives_an_order(graph):
    found = minimum_peak(graph, most_sets=2)
    assert found.peak_bytes == peak_of(graph, found.order)
    assert sorted(found.order) == list(range(len(graph.operators)))


@settings(max_examples=60, deadline=None)
@given(graphs(8), st.integers(0, 4))
def test_no_two_tensors_share_an_address_at_one_time(graph, spare):
    plan = schedule(graph, graph.largest_working_set + spare, Method.HEURISTIC)
    placement = place(plan)
    for number, step in enumerate(plan.steps):
        there = sorted((s.address, s.size_bytes, s.tensor) for s in placement.stays if s.first <= number <= s.last)
        assert {tensor for _, _, tensor in there} == step.resident
        assert all(a + size <= b for (a, size, _), (b, _, _) in pairwise(there))
    assert placement.height_bytes >= plan.peak_bytes
