"""Streams, programs, traces, energy: hand-worked small cases, and one clear error for what is wrong."""

import numpy as np
import pytest

from narrowgauge.errors import InputError
from narrowgauge.sim.dram import Controller, load_standard, run_program, simulate
from narrowgauge.sim.dram.energy import command_energies_pj
from narrowgauge.sim.dram.patterns import PATTERNS, Stream, stream
from narrowgauge.sim.dram.program import Barrier, Program, Step
from narrowgauge.sim.dram.programs import aim_gemv, attention, hbm_pim_gemv, neupims_gemv
from narrowgauge.sim.dram.trace import read_trace


def program(*steps) -> Program:
    return Program.build("test", steps)


def times(standard_name: str, *steps, **controller) -> list[tuple[int, str]]:
    standard = load_standard(standard_name)
    made = run_program(standard, program(*steps), Controller.of(standard, refresh="none", **controller), log=True)
    return [(at, command) for at, command, _ in made.command_log]


def test_a_row_is_opened_read_twice_and_left_open() -> None:
    # hbm2: nRCDRD 14, nCCDL 4
    assert times("hbm2", Step("read", row=5, repeat=2)) == [(0, "ACT"), (14, "RD"), (18, "RD")]


def test_a_conflict_closes_and_opens() -> None:
    # nRAS 34 from the activation outlasts nRTP 5 from the read; nRP 14
    expected = [(0, "ACT"), (14, "RD"), (34, "PRE"), (48, "ACT"), (62, "RD")]
    assert times("hbm2", Step("read", row=1), Step("read", row=2)) == expected


def test_the_closed_policy_closes_an_idle_row_while_another_bank_works() -> None:
    # the read of the second bank waits for nRRDL 4, so its activation is at 4 and its data command at 18
    found = times("hbm2", Step("read", row=1), Step("read", row=1, bank=1, repeat=8), policy="closed")
    assert (34, "PRE") in found


def test_a_read_after_a_write_waits_for_the_bus_to_turn() -> None:
    # nRCDWR 12; nCWL 5 + nBL 2 + nWTRL 8 = 15 after the write
    assert times("hbm2", Step("write", row=1), Barrier(), Step("read", row=1)) == [(0, "ACT"), (12, "WR"), (27, "RD")]


def test_a_draining_barrier_waits_for_the_data() -> None:
    # nCL 14 + nBL 2 after the read at 14, then the next read of the open row
    found = times("hbm2", Step("read", row=1), Barrier(drain=True), Step("read", row=1))
    assert found[-1] == (14 + 14 + 2, "RD")


def test_refresh_of_a_whole_rank_closes_rows_first() -> None:
    standard = load_standard("hbm2", {"nREFI": 600})
    made = run_program(standard, program(Step("read", row=1, repeat=200)), log=True)
    log = [(at, command) for at, command, _ in made.command_log if command in ("PREab", "REFab")]
    assert log[:2] == [(603, "PREab"), (617, "REFab")] or log[0][0] >= 600


def test_energy_of_currents_is_worked_out_by_hand() -> None:
    # V × mA × ns: 1.2 (65 × 48 − 55 × 34 − 40 × 14), 1.2 (390 − 55) 2, 1.2 (500 − 55) 2, 1.2 (250 − 55) 260
    expected = {"ACT": 828.0, "RD": 804.0, "WR": 1068.0, "REFab": 60_840.0}
    found = command_energies_pj(load_standard("hbm2-dramsim3"))
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_energy_adds_commands_and_background() -> None:
    standard = load_standard("hbm2-dramsim3")
    controller = Controller.of(standard, refresh="none")
    made = simulate(standard, stream(standard, controller, "row-hit", 100), controller)
    assert made.energy.command_pj == pytest.approx({"ACT": 828.0, "RD": 80_400.0})
    assert made.energy.unavailable == ()
    # one rank with a row open from the activation at cycle 0 to the end of the last data
    assert made.active_cycles == made.cycles == 14 + 99 * 2 + 14 + 2
    assert made.energy.background_pj == pytest.approx(1.2 * 55 * made.cycles)


def test_unknown_energy_is_said_and_not_zero() -> None:
    standard = load_standard("ddr4")
    controller = Controller.of(standard)
    energy = simulate(standard, stream(standard, controller, "seq", 100), controller).energy
    assert energy.total_pj is None
    assert any("no DDR4 currents" in reason for reason in energy.unavailable)


def test_a_bank_set_multiplies_the_energy_per_bank() -> None:
    found = command_energies_pj(load_standard("hbm3-attacc"))
    assert found["MACAB"] == pytest.approx(0.55 * 256 * 64, rel=1e-3)
    assert found["MACPB"] == pytest.approx(3.29 * 256 * 2, rel=1e-3)


@pytest.mark.parametrize("pattern", [name.replace("N", "4096") for name in PATTERNS])
def test_every_pattern_runs_and_counts_its_requests(pattern: str) -> None:
    standard = load_standard("gddr6")
    controller = Controller.of(standard)
    made = simulate(standard, stream(standard, controller, pattern, 500, writes=0.3, seed=1), controller)
    assert made.counts["RD"] + made.counts["WR"] == made.requests == 500
    assert 0 < made.share_of_pins <= 1
    assert made.latency_ns(0.5) <= made.latency_ns(0.99)


def test_channels_share_the_work() -> None:
    standard = load_standard("hbm2")
    one, four = (Controller.of(standard, channels=n) for n in (1, 4))
    alone = simulate(standard, stream(standard, one, "seq", 8000), one)
    shared = simulate(standard, stream(standard, four, "seq", 8000), four)
    assert shared.bandwidth_gb_per_s == pytest.approx(4 * alone.bandwidth_gb_per_s, rel=0.1)


def test_the_same_seed_draws_the_same_stream() -> None:
    standard = load_standard("hbm2")
    controller = Controller.of(standard)
    first, again = (stream(standard, controller, "random", 100, 0.5, 3) for _ in range(2))
    assert np.array_equal(first.addresses, again.addresses)
    assert np.array_equal(first.writes, again.writes)


def test_a_trace_is_read_with_comments(tmp_path) -> None:
    path = tmp_path / "trace"
    path.write_text("# two requests\n0x40 R\n\n0X80 w # a write\n")
    found = read_trace(path)
    assert found.addresses.tolist() == [0x40, 0x80]
    assert found.writes.tolist() == [False, True]


def test_all_faulty_lines_of_a_trace_are_named(tmp_path) -> None:
    path = tmp_path / "trace"
    path.write_text("0x40 R\nzz R\n0x40\n0x40 X\n")
    with pytest.raises(InputError) as caught:
        read_trace(path)
    assert [problem.where.rsplit(":", 1)[1] for problem in caught.value.problems] == ["2", "3", "4"]


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_trace_is_refused(tmp_path, text: str) -> None:
    path = tmp_path / "trace"
    path.write_text(text)
    with pytest.raises(InputError, match="holds no request"):
        read_trace(path)


def test_an_address_beyond_the_capacity_is_refused() -> None:
    standard = load_standard("hbm2")
    with pytest.raises(InputError, match="request 2: address 0x40000000 is beyond the capacity 0x40000000"):
        simulate(standard, Stream(np.array([0, 1 << 30]), np.zeros(2, np.bool_)), Controller.of(standard))


@pytest.mark.parametrize(
    ("pattern", "requests", "writes", "words"),
    [
        ("rnadom", 10, 0, "did you mean 'random'"),
        ("stride:x", 10, 0, "write stride:N"),
        ("seq", 0, 0, "requests is 0"),
        ("seq", 10, 1.5, "writes is 1.5"),
    ],
)
def test_a_wrong_stream_is_refused(pattern: str, requests: int, writes: float, words: str) -> None:
    standard = load_standard("hbm2")
    with pytest.raises(InputError, match=words):
        stream(standard, Controller.of(standard), pattern, requests, writes)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: hbm_pim_gemv(load_standard("ddr4"), 64, 64, 1), "ddr4 does not have"),
        (lambda: hbm_pim_gemv(load_standard("hbm2-pimsimulator"), 0, 64, 1), "outputs: is 0"),
        (lambda: attention(load_standard("hbm3-attacc"), 64, 64, "bnak"), "did you mean 'bank'"),
        (lambda: aim_gemv(load_standard("gddr6-aim"), 64, 64, 1, element_bytes=3), "must divide the burst"),
        (lambda: neupims_gemv(load_standard("hbm2-neupims"), 64, 64, 0), "channels: is 0"),
    ],
)
def test_a_program_that_cannot_be_is_refused(make, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


def test_an_unknown_request_of_a_program_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'read'"):
        run_program(load_standard("hbm2"), program(Step("raed")))


def test_an_aim_row_costs_its_activation_and_one_mac_a_burst() -> None:
    standard = load_standard("gddr6-aim")
    t = standard.timing
    made = run_program(standard, program(Step("mac-all", row=1, repeat=64)), Controller.of(standard, refresh="none"))
    assert made.cycles == t["nRCDRDMAC"] + 63 * t["nCCDS"] + t["nCL"] + t["nBL"]


def test_neupims_opens_the_rows_of_all_banks_four_at_a_time() -> None:
    standard = load_standard("hbm2-neupims")
    t = standard.timing
    made = run_program(standard, program(Step("comp", row=1, repeat=64)), Controller.of(standard, refresh="none"))
    assert made.counts["GACT"] == 4
    assert made.cycles == 3 * t["nFAW"] + t["nRCDRD"] + 63 * max(t["nCCDS"], t["nBL"]) + t["nCCDS"]


def test_a_smaller_format_reads_fewer_bursts() -> None:
    standard = load_standard("gddr6-aim")
    wide, narrow = (run_program(standard, aim_gemv(standard, 512, 4096, 1, size)).counts["MACAB"] for size in (2, 0.5))
    assert wide == 4 * narrow
