"""Are runs of row hits that are issued at once served as if one by one? With a log, the engine issues every command singly."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgauge.sim.dram import Controller, engine, load_standard, standard_names
from narrowgauge.sim.dram.simulate import engine_rules
from narrowgauge.sim.dram.tables import tables

BUSY_REFRESH = {"nREFI": 2500}


@st.composite
def runs(draw, banks: int, kinds: tuple[int, int]) -> np.ndarray:
    """Requests (kind, bank, row, group, drain) in long and short runs on few rows of few banks."""
    few = draw(st.lists(st.integers(0, banks - 1), min_size=1, max_size=2))
    parts, group = [], 0
    for _ in range(draw(st.integers(1, 5))):
        group += draw(st.integers(0, 1))
        one = (draw(st.sampled_from(kinds)), draw(st.sampled_from(few)), draw(st.integers(0, 1)), group, 0)
        part = np.tile(np.array(one, np.int64), (draw(st.integers(1, 300)), 1))
        part[0, 4] = draw(st.integers(0, 1))
        parts.append(part)
    return np.concatenate(parts)


@settings(max_examples=300)
@given(st.data())
def test_bursts_change_nothing(data) -> None:
    name = data.draw(st.sampled_from(standard_names()))
    standard = load_standard(name, BUSY_REFRESH if data.draw(st.booleans()) else None)
    controller = Controller.of(
        standard,
        policy=data.draw(st.sampled_from(["open", "closed"])),
        refresh=data.draw(st.sampled_from(["all-bank", "none"])),
        queue_depth=data.draw(st.sampled_from([1, 2, 5, 64])),
        max_outstanding=data.draw(st.sampled_from([0, 0, 4])),
        row_ahead=data.draw(st.booleans()),
    )
    kinds = list(standard.requests)
    requests = data.draw(runs(standard.organisation.channel_banks, (kinds.index("read"), kinds.index("write"))))
    arrays, rules = tables(standard), engine_rules(controller)
    at_once, singly = engine.serve(arrays, rules, requests), engine.serve(arrays, rules, requests, log_rows=100_000)
    for field in ("times", "issued", "earliest", "ranks"):
        np.testing.assert_array_equal(getattr(at_once, field), getattr(singly, field), field)


def test_hits_of_a_run_follow_each_other_as_the_table_says() -> None:
    standard = load_standard("hbm2")
    rules = engine_rules(Controller.of(standard, refresh="none"))
    read = list(standard.requests).index("read")
    requests = np.tile(np.array([read, 0, 5, 0, 0], np.int64), (10_000, 1))
    times = engine.serve(tables(standard), rules, requests).times
    assert set(np.diff(times[:, 1]).tolist()) == {standard.timing["nCCDL"]}
