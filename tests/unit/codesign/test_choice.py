"""Choices under budgets against trying every one; what is said where none fits."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgauge.errors import CapacityError, InputError
from narrowgauge.experiments.codesign import Budget, Problem, choose, choose_each
from narrowgauge.experiments.codesign.experts import allocate_experts
from narrowgauge.experiments.codesign.layer_table import load_layer_table


def tried(problem):
    """The least loss of all choices, or None."""
    items, options = problem.losses.shape
    best = None
    for chosen in product(range(options), repeat=items):
        loss = problem.losses[range(items), chosen].sum()
        fits = all(b.costs[range(items), chosen].sum() <= b.limit for b in problem.budgets)
        tied = all(len({chosen[i] for i in tie}) == 1 for tie in problem.ties)
        used = all(sum(problem.options[o] == name for o in chosen) >= n for name, n in problem.least.items())
        if fits and tied and used and np.isfinite(loss) and (best is None or loss < best):
            best = loss
    return best


@st.composite
def problems(draw):
    items, options = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    table = st.lists(st.lists(st.integers(0, 9), min_size=options, max_size=options), min_size=items, max_size=items)
    losses = np.array(draw(table), float)
    if draw(st.booleans()):
        losses[0, 0] = np.inf
    budgets = tuple(
        Budget(name, "u", np.array(draw(table), float), draw(st.integers(0, 25))) for name in "ab"[: draw(st.integers(0, 2))]
    )
    ties = ((0, items - 1),) if draw(st.booleans()) and items > 1 else ()
    names = tuple(map(str, range(options)))
    least = {names[-1]: draw(st.integers(0, 2))} if draw(st.booleans()) else {}
    return Problem(tuple(f"i{i}" for i in range(items)), names, losses, budgets, ties, least)


@settings(max_examples=150, deadline=None)
@given(problems())
def test_the_choice_is_the_best_of_all(problem):
    best = tried(problem)
    if best is None:
        with pytest.raises(CapacityError):
            choose(problem)
    else:
        assert choose(problem).loss == best


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 7), st.data())
def test_experts_get_the_bits_that_trying_everything_gives(total, data):
    entries = st.lists(st.integers(1, 20), min_size=3, max_size=3)
    frequency, weight = data.draw(entries), data.draw(entries)
    errors = np.sort(np.array([data.draw(entries) for _ in range(3)], float))[:, ::-1]
    if total < 6:  # the least that holds one expert at 3 bits, one at 2 and one at 1
        total = 6
    found = allocate_experts(frequency, weight, errors, total)
    significance = (np.array(frequency) / sum(frequency)) * (np.array(weight) / sum(weight)) ** 1.5
    best = min(
        sum(significance[i] * errors[i, b - 1] for i, b in enumerate(bits))
        for bits in product((1, 2, 3), repeat=3)
        if sum(bits) <= total and {2, 3} <= set(bits)
    )
    assert found.loss == pytest.approx(best, rel=1e-12)


def test_a_budget_that_is_too_small_says_by_how_much():
    problem = Problem(
        ("a", "b"), ("4", "8"), np.array([[2.0, 0], [2, 0]]), (Budget("size", "MiB", np.array([[1.0, 2], [1, 2]]), 1.5),)
    )
    with pytest.raises(CapacityError) as caught:
        choose(problem)
    assert str(caught.value).startswith("size: at least 2 MiB are needed, the budget is 1.5, 0.5 are missing")


def test_budgets_that_exclude_each_other_are_named_together():
    costs = np.array([[0.0, 1.0]])
    problem = Problem(("a",), ("4", "8"), np.zeros((1, 2)), (Budget("x", "u", costs, 0.5), Budget("y", "u", 1 - costs, 0.5)))
    with pytest.raises(CapacityError, match=r"each budget alone can be kept, not all together: x ≤ 0\.5 u, y ≤ 0\.5 u"):
        choose(problem)


def test_the_front_of_a_budget_falls():
    table = load_layer_table("hawq-v3-resnet-18")
    budget = Budget("latency", "ms", table.costs("latency"), 0.0)
    problem = Problem(table.layers, ("8", "4"), table.losses, (budget,), table.ties)
    losses = [choice.loss for choice in choose_each(problem, "latency", [1.0, 3.2, 4.0, 5.0, 6.0])]
    assert len(losses) == 4  # 1 ms cannot be kept
    assert losses == sorted(losses, reverse=True)


def test_a_wrong_problem_names_everything():
    with pytest.raises(InputError) as caught:
        Problem(("a",), ("4", "8"), np.zeros((2, 2)), (Budget("size", "MiB", np.full((1, 2), np.nan), 1),), ((0, 3),), {"6": 1})
    said = str(caught.value)
    for part in (
        "losses: has the shape (2, 2), allowed: (1, 2)",
        "budget size: holds what is not a number",
        "least: unknown option '6'",
        "ties: no item 3",
    ):
        assert part in said


@pytest.mark.parametrize("name", ["hawq-v3-resnet-18", "hawq-v3-resnet-50"])
def test_layer_tables_name_layers_of_their_network(name):
    table = load_layer_table(name)
    weighted = [layer.name for layer in table.network.weighted]
    assert list(table.layers) == weighted[1:-1]
    assert (table.losses[:, 1] > table.losses[:, 0]).all()


def test_an_unknown_table_names_the_nearest():
    with pytest.raises(InputError, match="unknown layer table 'hawq-v3-resnet18'; did you mean 'hawq-v3-resnet-18'"):
        load_layer_table("hawq-v3-resnet18")
