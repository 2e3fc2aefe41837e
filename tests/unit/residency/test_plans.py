"""Plans of a residual unit worked by hand, budgets of published networks, and what is said of what does not fit."""

import pytest

from narrowgauge.dataflows.residency import (
    Method,
    Plan,
    Step,
    Tensor,
    TensorGraph,
    TensorOperator,
    minimum_peak,
    place,
    schedule,
)
from narrowgauge.errors import CapacityError, InputError
from narrowgauge.workloads.convolutional import load_network


def residual(shortcut_bytes=4):
    """x → a → b, added to x."""
    sizes = {"x": shortcut_bytes, "a": 6, "b": 4, "y": 4}
    return TensorGraph(
        tuple(Tensor(name, size) for name, size in sizes.items()),
        (TensorOperator("first", ("x",), "a"), TensorOperator("second", ("a",), "b"), TensorOperator("add", ("b", "x"), "y")),
    )


@pytest.mark.parametrize("method", list(Method))
def test_a_shortcut_that_is_an_input_is_read_twice_at_the_working_set(method):
    graph = residual()
    assert graph.largest_working_set == 12
    assert minimum_peak(graph).peak_bytes == 14
    assert schedule(graph, 14, method).noncompulsory_bytes == 0
    assert schedule(graph, 12, method).noncompulsory_bytes == 4  # x goes while `second` runs; it lies off chip already


def test_a_made_tensor_is_written_before_it_is_read_back():
    tensors = (Tensor("in", 1), Tensor("x", 4), Tensor("a", 6), Tensor("b", 4), Tensor("y", 4))
    graph = TensorGraph(tensors, (TensorOperator("zeroth", ("in",), "x"), *residual().operators))
    assert schedule(graph, 12, Method.EXACT).noncompulsory_bytes == 8


@pytest.mark.parametrize(
    ("name", "working_set_kb", "peak_kb"),
    # a third party's export to TFLite of INT8 networks; DenseNet's peak is that of block 1: features, scaled, shifted
    [("resnet-50", 2352, 2352), ("densenet-121", 1596.25, 2058), ("s3d", 119168 / 4, 119168 / 4), ("fcn-resnet-50", 4704, 4704)],
)
def test_budgets_of_networks(name, working_set_kb, peak_kb):
    graph = TensorGraph.of_network(load_network(name, explicit_padding=True), bits=8)
    assert graph.largest_working_set == working_set_kb * 1024
    assert minimum_peak(graph).peak_bytes == peak_kb * 1024


def test_weights_count_as_inputs():
    network = load_network("resnet-18")
    with_weights = TensorGraph.of_network(network, bits=4, weights=True)
    activations = TensorGraph.of_network(network, bits=4)
    assert with_weights.compulsory_bytes - activations.compulsory_bytes == network.parameters // 2


def test_what_is_below_the_working_set_is_explained():
    with pytest.raises(CapacityError) as caught:
        schedule(residual(), 11)
    assert "'add' needs 12 bytes on chip for its operands, there are 11, 1 are missing (1 of 3 operators do not fit)" in str(
        caught.value
    )


def test_an_invalid_plan_names_its_faults():
    graph = residual()
    steps = (Step(1, ("x",), frozenset({"x", "b"}), ()), Step(0, (), frozenset({"x", "a"}), ("y",)), Step(0, (), frozenset(), ()))
    faults = Plan(graph, 9, steps, exact=False).faults()
    for what in ("lacks an operand", "runs early", "exceeds the capacity", "writes what is not on chip", "not every operator"):
        assert any(what in fault for fault in faults), what


def test_a_wrong_graph_names_everything():
    with pytest.raises(InputError) as caught:
        TensorGraph(
            (Tensor("x", 0), Tensor("y", 1)),
            (TensorOperator("a", ("y",), "y"), TensorOperator("b", ("z",), "y")),
        )
    said = str(caught.value)
    assert "x: has 0 bytes, allowed: 1 or more" in said
    assert "a: takes 'y' before it is made" in said
    assert "b: unknown tensor 'z'" in said
    assert "b: makes 'y', which was made before" in said


def test_addresses_of_a_chain_alternate():
    graph = TensorGraph(
        tuple(Tensor(name, 2) for name in "abcd"),
        tuple(TensorOperator(name, (name,), after) for name, after in ("ab", "bc", "cd")),
    )
    assert place(schedule(graph, 4)).height_bytes == 4


@pytest.mark.parametrize("name", ["resnext-50", "densenet-121", "mobilenet-v2", "deeplabv3-resnet-50"])
def test_plans_of_networks_at_the_working_set_keep_every_rule(name):
    graph = TensorGraph.of_network(load_network(name, explicit_padding=True), bits=8)
    plan = schedule(graph, graph.largest_working_set)
    assert plan.faults() == []
    assert plan.peak_bytes <= graph.largest_working_set
