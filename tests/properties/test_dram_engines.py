"""Do the compiled engine and the SimPy reference issue every command in the same cycle, whatever the requests and rules?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgauge.sim.dram import Controller, load_standard, run_program, standard_names
from narrowgauge.sim.dram.program import Barrier, Program, Step
from narrowgauge.sim.dram.programs import aim_gemv, attention, hbm_pim_add, hbm_pim_gemv, neupims_gemv
from narrowgauge.sim.dram.reference import ReferenceChannel

#: refreshes often enough that short streams meet some
BUSY_REFRESH = {"nREFI": 1500}


def logs(standard, controller, program):
    """(reference, compiled) logs of a program."""
    return ReferenceChannel(standard, controller, program.resolve(standard)).run(), list(
        run_program(standard, program, controller, log=True).command_log
    )


@st.composite
def steps(draw, organisation):
    """Reads and writes to few rows of few banks, so that hits, conflicts and ties abound."""
    few = draw(st.lists(st.integers(0, organisation.channel_banks - 1), min_size=1, max_size=4))
    made = []
    barriers = draw(st.booleans())
    for _ in range(draw(st.integers(1, 15))):
        bank = draw(st.sampled_from(few))
        rank, place = divmod(bank, organisation.banks)
        group, number = divmod(place, organisation.banks_per_group)
        pseudo, rank = divmod(rank, organisation.ranks)
        kind = draw(st.sampled_from(["read", "write"]))
        if barriers and draw(st.integers(0, 3)) == 0:
            made.append(Barrier(drain=draw(st.booleans())))
        made.append(Step(kind, draw(st.integers(0, 2)), number, group, rank, pseudo, draw(st.integers(1, 4))))
    return made


@settings(max_examples=300)
@given(st.data())
def test_random_streams(data) -> None:
    name = data.draw(st.sampled_from(standard_names()))
    refresh = data.draw(
        st.sampled_from(["all-bank", "none", "per-bank"] if "REFpb" in load_standard(name).commands else ["all-bank"])
    )
    standard = load_standard(name, BUSY_REFRESH if refresh == "all-bank" and data.draw(st.booleans()) else None)
    controller = Controller.of(
        standard,
        policy=data.draw(st.sampled_from(["open", "closed"])),
        refresh=refresh,
        queue_depth=data.draw(st.sampled_from([1, 2, 5, 64])),
        row_hit_cap=data.draw(st.sampled_from([1, 4])),
        max_outstanding=data.draw(st.sampled_from([0, 1, 4])),
        staggered_refresh=data.draw(st.booleans()),
        row_ahead=data.draw(st.booleans()),
        refresh_yields=data.draw(st.booleans()) and refresh == "all-bank",
    )
    reference, compiled = logs(standard, controller, Program.build("random", data.draw(steps(standard.organisation))))
    assert compiled == reference


PIM = [
    ("hbm2-pimsimulator", lambda s: hbm_pim_gemv(s, 64, 300, 1)),
    ("hbm2-pimsimulator", lambda s: hbm_pim_add(s, 5000, 1)),
    ("hbm3-attacc", lambda s: attention(s, 300, 64, "bank")),
    ("hbm3-attacc", lambda s: attention(s, 300, 64, "bank-group")),
    ("hbm3-attacc", lambda s: attention(s, 40, 64, "buffer")),
    ("gddr6-aim", lambda s: aim_gemv(s, 40, 500, 1)),
    ("hbm2-neupims", lambda s: neupims_gemv(s, 40, 600, 1)),
]


@pytest.mark.parametrize(("name", "program"), PIM)
@pytest.mark.parametrize("row_ahead", [True, False])
def test_pim_programs(name: str, program, row_ahead: bool) -> None:
    standard = load_standard(name, BUSY_REFRESH)
    reference, compiled = logs(standard, Controller.of(standard, row_ahead=row_ahead), program(standard))
    assert compiled == reference


def test_host_reads_go_on_while_a_second_row_buffer_computes() -> None:
    standard = load_standard("hbm2-neupims")
    controller = Controller.of(standard, refresh="none")
    pim = [Step("comp", row=1, repeat=16)] * 4
    host = [Step("read", row=7, bank=i % 4, bank_group=i // 4 % 4, repeat=4) for i in range(16)]
    mixed = Program.build("mixed", [step for pair in zip(pim * 4, host, strict=True) for step in pair])
    reference, compiled = logs(standard, controller, mixed)
    assert compiled == reference
    together, alone, reads = (
        run_program(standard, program, controller).cycles
        for program in (mixed, Program.build("pim", pim * 4), Program.build("host", host))
    )
    assert max(alone, reads) <= together < alone + reads


def test_times_never_precede_admission() -> None:
    standard = load_standard("hbm3")
    program = Program.build("hits", [Step("read", row=1, repeat=50), Step("write", row=2, repeat=50)])
    result = run_program(standard, program)
    assert np.all(result.latency_cycles >= standard.timing["nCWL"] + standard.timing["nBL"])
