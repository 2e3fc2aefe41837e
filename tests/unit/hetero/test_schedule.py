"""Does the schedule of a pass follow from dependencies and devices, and the placement from the schedule?"""

from dataclasses import replace

import pytest

from narrowgauge.archmodels.heterogeneous.schema import Access
from narrowgauge.experiments.hetero.placement import decide, place
from narrowgauge.experiments.hetero.plan import HOST, PIM, Operator, device_line, times
from narrowgauge.experiments.hetero.schedule import busy_us, schedule
from narrowgauge.experiments.predict_passes import Line
from narrowgauge.units import PS_PER_US
from narrowgauge.workloads import Phase


def line(name: str, device: str, us: float, count: int = 2) -> Line:
    return device_line(Phase.DECODE, name, device, count, us, 0.0, device, "a test", "modelled", 0.0, {})


def operator(name: str, host: float, pim: float | None = None, count: int = 2) -> Operator:
    ways = {HOST: ((line(name, HOST, host, count),),)}
    if pim is not None:
        ways[PIM] = ((line(name, PIM, pim, count),),)
    return Operator(name, count, ways)


def makespan_us(operators: list[Operator], placement: dict[str, str], access: Access, parts: int) -> float:
    return schedule(operators, placement, access, parts).makespan_ps / PS_PER_US


PASS = [operator("fc", 10.0), operator("attention", 40.0, 6.0)]
IN_MEMORY = {"fc": HOST, "attention": PIM}


def test_one_part_runs_one_operator_after_the_other() -> None:
    """Two layers of 10 on the host and 6 in the memory."""
    assert makespan_us(PASS, IN_MEMORY, Access.CONCURRENT, 1) == pytest.approx(32.0)


def test_two_parts_overlap() -> None:
    """Host 0-10, 10-20 with the memory at 10-16; 20-30, 30-40, the last one in the memory until 46."""
    assert makespan_us(PASS, IN_MEMORY, Access.CONCURRENT, 2) == pytest.approx(46.0)


def test_blocked_memory_lets_nothing_overlap() -> None:
    assert makespan_us(PASS, IN_MEMORY, Access.BLOCKED, 2) == pytest.approx(64.0)


def test_lines_of_a_stage_run_side_by_side() -> None:
    whole = line("experts", HOST, 10.0, count=1)
    both = Operator("experts", 1, {HOST: ((times(whole, 0.6), replace(times(whole, 0.4), device=PIM)),)})
    assert makespan_us([both], {"experts": HOST}, Access.CONCURRENT, 1) == pytest.approx(6.0)


def test_busy_time_counts_every_part() -> None:
    assert busy_us(PASS, IN_MEMORY, 2) == {HOST: 40.0, PIM: 24.0}


def test_an_operator_goes_where_it_is_faster() -> None:
    assert place(PASS, Access.CONCURRENT, 1).placement == IN_MEMORY
    slow = [operator("fc", 10.0), operator("attention", 5.0, 6.0)]
    assert place(slow, Access.CONCURRENT, 1).placement["attention"] == HOST


def test_an_operator_goes_where_it_is_slower_if_the_pass_ends_sooner() -> None:
    """5 in the memory against 4 on the host, which the other part keeps busy."""
    close = [operator("fc", 10.0, count=8), operator("attention", 4.0, 5.0, count=8)]
    assert place(close, Access.BLOCKED, 2).placement["attention"] == HOST
    assert place(close, Access.CONCURRENT, 2).placement["attention"] == PIM


def test_a_batch_stays_whole_where_parts_cost_more() -> None:
    def priced(parts: int) -> list[Operator]:
        return [operator("fc", 10.0), operator("attention", 40.0, 6.0 / parts)]  # the host gains nothing from half a batch

    assert decide(priced, Access.CONCURRENT, (1, 2)).sub_batches == 1
