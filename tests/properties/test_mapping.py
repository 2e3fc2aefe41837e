"""The reuse analysis counts what a walked loop nest moves; the search finds what trying everything finds."""

import math
from itertools import permutations
from itertools import product as combinations_of

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loop_nest import walk

from narrowgauge.dataflows.mapping import Compute, Level, Mapping, Objective, Product, Stages, Target, price, search
from narrowgauge.dataflows.mapping.cost import Candidates, cost
from narrowgauge.dataflows.mapping.explain import shortfalls
from narrowgauge.dataflows.mapping.traffic import crossings
from narrowgauge.errors import CapacityError

ORDERS = [tuple(order) for order in permutations("mnk")]
HOLDS = st.sampled_from([("a", "b", "c"), ("a", "b"), ("c",), ("b",), ("a", "c")])


@st.composite
def targets(draw, buffers, capacity=1e9):
    held = [draw(HOLDS) for _ in range(buffers)]
    inner = [
        Level(f"l{i}", capacity, draw(st.sampled_from([1, 3, 8])), draw(st.sampled_from([0, 0.5, 4])), h)
        for i, h in enumerate(held)
    ]
    quantum = draw(st.sampled_from([(1, 1, 1), (2, 1, 1), (2, 1, 3)]))
    outer = Level("dram", None, draw(st.sampled_from([0.5, 2])), draw(st.sampled_from([1, 30])))
    return Target((outer, *inner), Compute("unit", quantum, draw(st.sampled_from([1, 4])), draw(st.sampled_from([0, 0.2]))))


@st.composite
def mappings(draw, target, product, even):
    """Any cuts; even ones change the product to the size that they cover exactly."""
    levels = len(target.levels)
    if even:
        fans = [tuple(draw(st.integers(1, 3)) for _ in range(3)) for _ in range(levels)]
    else:
        size = [-(-s // q) for s, q in zip(product.sizes, target.compute.quantum, strict=True)]
        fans = []
        for _ in range(levels - 1):
            cut = tuple(draw(st.integers(1, s)) for s in size)
            fans.insert(0, cut)
            size = [-(-s // c) for s, c in zip(size, cut, strict=True)]
        fans.insert(0, tuple(size))
    orders = tuple(draw(st.sampled_from(ORDERS)) for _ in range(levels))
    return Mapping(tuple(fans), orders, tuple(Stages() for _ in target.buffers))


def counted(product, target, mapping):
    candidates = Candidates.of(product, target, np.array([mapping.fans]))
    found = {}
    for crossing in crossings(product, target, mapping.orders, candidates.fans, candidates.counts):
        for way in ("into", "back"):
            found[crossing.operand, crossing.outer, crossing.inner, way] = float(getattr(crossing, way)[0])
    return found, int(candidates.counts[0, -1].prod())


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(0, 2))
def test_evenly_cut_nests_move_exactly_the_counted_bytes(data, buffers):
    target = data.draw(targets(buffers))
    mapping = data.draw(mappings(target, None, even=True))
    sizes = [math.prod(fan[i] for fan in mapping.fans) * target.compute.quantum[i] for i in range(3)]
    product = Product(*sizes, a_bits=8, b_bits=4, partial_bits=32, c_bits=16)
    expected, quanta = counted(product, target, mapping)
    moved, walked = walk(product, target, mapping)
    assert walked == quanta
    assert {key: moved[key] for key in expected} == expected


@settings(max_examples=150, deadline=None)
@given(st.data(), st.tuples(*[st.integers(1, 9)] * 3))
def test_one_buffer_is_counted_exactly_for_any_tile(data, sizes):
    product = Product(*sizes, a_bits=8, b_bits=4, partial_bits=32, c_bits=16)
    target = data.draw(targets(1))
    mapping = data.draw(mappings(target, product, even=False))
    expected, _ = counted(product, target, mapping)
    moved, _ = walk(product, target, mapping)
    for key, figure in expected.items():
        if key[2] == 1:
            assert moved[key] == figure
        else:
            assert moved[key] <= figure


@settings(max_examples=100, deadline=None)
@given(st.data(), st.tuples(*[st.integers(1, 9)] * 3))
def test_uneven_cuts_never_move_more_than_counted(data, sizes):
    product = Product(*sizes)
    target = data.draw(targets(2))
    mapping = data.draw(mappings(target, product, even=False))
    expected, _ = counted(product, target, mapping)
    moved, _ = walk(product, target, mapping)
    assert all(moved[key] <= figure for key, figure in expected.items())


def everything(product, target):
    """Latency and energy of every tile size, every loop order and every number of stages that fits: two columns."""
    quanta = [-(-s // q) for s, q in zip(product.sizes, target.compute.quantum, strict=True)]
    levels = len(target.levels)

    def fans(left, buffers):
        if buffers == 0:
            yield (tuple(left),)
            return
        for cut in combinations_of(*(range(1, s + 1) for s in left)):
            for outer in fans([-(-s // c) for s, c in zip(left, cut, strict=True)], buffers - 1):
                yield (*outer, cut)

    stages = [Stages(i, o) for i in (1, 2) for o in (1, 2)]
    found = [np.empty((2, 0))]
    for choice in combinations_of(stages, repeat=levels - 1):
        fitting = [
            f for f in fans(quanta, levels - 1) if not shortfalls(product, target, Mapping(f, (ORDERS[0],) * levels, choice))
        ]
        if fitting:
            candidates = Candidates.of(product, target, np.array(fitting))
            for orders in combinations_of(ORDERS, repeat=levels):
                priced = cost(product, target, candidates, orders, choice)
                found.append(np.stack([priced.latency_cycles, priced.energy_pj]))
    return np.concatenate(found, axis=1)


@pytest.mark.parametrize("objective", list(Objective))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_search_finds_the_optimum_of_trying_everything(objective, data):
    product = Product(*data.draw(st.tuples(*[st.integers(1, 5)] * 3)), a_bits=8, b_bits=4, partial_bits=32, c_bits=16)
    target = data.draw(targets(1, capacity=data.draw(st.sampled_from([8, 20, 45, 90]))))
    latency, energy = everything(product, target)
    if not latency.size:
        with pytest.raises(CapacityError):
            search(product, target, objective)
        return
    found = search(product, target, objective)
    assert found.complete
    score = {
        Objective.LATENCY: lambda latency, energy: latency,
        Objective.ENERGY: lambda latency, energy: energy,
        Objective.EDP: lambda latency, energy: latency * energy,
    }[objective]
    best = score(latency, energy).min()
    assert score(found.best.latency_cycles, found.best.energy_pj) == pytest.approx(best, rel=1e-12)


@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_two_buffers_are_searched_as_well(data):
    product = Product(*data.draw(st.tuples(*[st.integers(1, 3)] * 3)), a_bits=8, b_bits=8)
    outer = Level("dram", None, 1, 30)
    target = Target((outer, Level("l1", 24, 2, 2), Level("l2", 14, 4, 0.5)), Compute("unit", (1, 1, 1), 1, 0.2))
    found = search(product, target, Objective.EDP)
    latency, energy = everything(product, target)
    assert found.best.latency_cycles * found.best.energy_pj == pytest.approx((latency * energy).min(), rel=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.data(), st.tuples(*[st.integers(1, 10)] * 3))
def test_no_resource_is_busy_for_longer_than_the_latency(data, sizes):
    target = data.draw(targets(2))
    for entry in search(Product(*sizes), target).front:
        assert max(entry.busy_cycles.values()) <= entry.latency_cycles * (1 + 1e-12)
        again = price(Product(*sizes), target, entry.mapping)
        assert (float(again.latency_cycles[0]), float(again.energy_pj[0])) == (entry.latency_cycles, entry.energy_pj)


@settings(max_examples=15, deadline=None)
@given(st.data(), st.tuples(*[st.integers(1, 20)] * 3))
def test_more_memory_never_costs_latency(data, sizes):
    product = Product(*sizes)
    small, large = (
        Target(
            (Level("dram", None, 1, 30), Level("sram", capacity, 8, 1)),
            Compute("unit", (2, 2, 1), 4, 0.1),
        )
        for capacity in (300, data.draw(st.sampled_from([400, 1000, 5000])))
    )
    assert search(product, large).best.latency_cycles <= search(product, small).best.latency_cycles
