"""Is the gain of a resource what more of it would bring?"""

from __future__ import annotations

import pytest
from shown_results import request

from narrowgauge.experiments.sensitivity import MORE, answer, gains, worthwhile


def test_decode_that_waits_for_memory_gains_most_from_bandwidth() -> None:
    found = gains(request("bound"))
    assert found["resource"].iloc[0] == "DRAM bandwidth"
    assert 0.05 < found["tpot_ms_gain"].iloc[0] <= MORE - 1 + 1e-9


def test_a_gain_is_that_of_the_changed_machine() -> None:
    asked = request()
    machine = asked.machine.with_(**{"dram.bandwidth_gb_per_s": asked.machine.value("dram.bandwidth_gb_per_s")})
    more = asked.machine.with_(**{"dram.bandwidth_gb_per_s": MORE * asked.machine.value("dram.bandwidth_gb_per_s")})
    expected = answer(asked, machine=machine).tpot_ms.value / answer(asked, machine=more).tpot_ms.value - 1
    row = gains(asked).set_index("resource").loc["DRAM bandwidth"]
    assert row["tpot_ms_gain"] == pytest.approx(expected)


def test_one_gpu_gains_nothing_from_links() -> None:
    assert not gains(request())["resource"].str.startswith("link").any()


def test_what_gains_nothing_is_not_worthwhile() -> None:
    found = gains(request())
    assert len(worthwhile(found)) < len(found)
    assert worthwhile(found)["tpot_ms_gain"].iloc[0] > 0
