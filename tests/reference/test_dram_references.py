"""Do the DRAM and PIM models reproduce published simulations and the arithmetic of docs/dram.md?

Published values: references 4e (SAIT PIMSimulator b464dde), 4f (AttAcc c600051), 4g (DRAMsim3 2981759)."""

import pytest

from narrowgauge.sim.dram import Controller, load_standard, run_program, simulate, standard_names
from narrowgauge.sim.dram.patterns import stream
from narrowgauge.sim.dram.programs import attention, hbm_pim_add, hbm_pim_gemv, host_add, host_gemv

CHANNELS, MEGA = 64, 1 << 20
TOLERANCE = 0.05

PIMSIMULATOR = [
    (lambda s: host_gemv(s, 4096, 4096, CHANNELS), 36_082),
    (lambda s: hbm_pim_gemv(s, 4096, 4096, CHANNELS), 13_166),
    (lambda s: host_gemv(s, 1024, 4096, CHANNELS), 9_038),
    (lambda s: hbm_pim_gemv(s, 1024, 4096, CHANNELS), 13_166),
    (lambda s: host_gemv(s, 4096, 1024, CHANNELS), 9_042),
    (lambda s: hbm_pim_gemv(s, 4096, 1024, CHANNELS), 3_662),
    (lambda s: host_add(s, MEGA, CHANNELS), 6_651),
    (lambda s: hbm_pim_add(s, MEGA, CHANNELS), 3_349),
]


@pytest.mark.parametrize(("program", "cycles"), PIMSIMULATOR)
def test_pimsimulator(program, cycles: int) -> None:
    standard = load_standard("hbm2-pimsimulator")
    assert run_program(standard, program(standard)).cycles == pytest.approx(cycles, rel=TOLERANCE)


ATTACC = [
    ("hbm3-attacc", 2048, "bank", 3_810),
    ("hbm3-attacc", 2048, "bank-group", 13_403),
    ("hbm3-attacc", 2048, "buffer", 36_415),
    ("hbm3-attacc", 1024, "bank", 1_890),
    ("hbm3-attacc", 1024, "bank-group", 6_719),
    ("hbm3-attacc", 1024, "buffer", 17_981),
    ("hbm3-attacc-unlimited", 1024, "bank", 1_394),
    ("hbm3-attacc-unlimited", 1024, "bank-group", 4_202),
]


@pytest.mark.parametrize(("name", "length", "place", "cycles"), ATTACC)
def test_attacc(name: str, length: int, place: str, cycles: int) -> None:
    standard = load_standard(name)
    program = attention(standard, length, 128, place)
    assert run_program(standard, program).cycles == pytest.approx(cycles, rel=TOLERANCE)


def bandwidth(name: str, pattern: str, **changes) -> float:
    standard = load_standard(name)
    controller = Controller.of(standard, **changes)
    return simulate(standard, stream(standard, controller, pattern, 20_000), controller).bandwidth_gb_per_s


@pytest.mark.parametrize(("pattern", "gb_per_s"), [("seq", 29.46), ("random", 7.84), ("row-conflict", 1.239), ("two-row", 11.57)])
def test_dramsim3_streams(pattern: str, gb_per_s: float) -> None:
    assert bandwidth("hbm2-dramsim3", pattern) == pytest.approx(gb_per_s, rel=TOLERANCE)


#: what a stream may lose at its ends and where a refresh cuts off work that had begun
ENDS = 0.01


@pytest.mark.parametrize("name", standard_names())
def test_a_row_conflict_costs_a_row_cycle(name: str) -> None:
    standard = load_standard(name)
    t = standard.timing
    period = max(t["nRC"], t["nRCDRD"] + t["nRTP"] + t["nRP"])
    by_hand = standard.organisation.burst_bytes / (period * standard.tck_ps) * 1e3
    assert bandwidth(name, "row-conflict", refresh="none") == pytest.approx(by_hand, rel=ENDS)


@pytest.mark.parametrize("name", standard_names())
def test_hits_in_one_row_cost_the_longer_of_burst_and_ccd(name: str) -> None:
    standard = load_standard(name)
    t = standard.timing
    by_hand = standard.organisation.burst_bytes / (max(t["nBL"], t["nCCDL"]) * standard.tck_ps) * 1e3
    assert bandwidth(name, "row-hit", refresh="none") == pytest.approx(by_hand, rel=ENDS)


@pytest.mark.parametrize("name", ["hbm2", "hbm2-2400", "hbm2e", "hbm3", "gddr6", "gddr6-aim", "lpddr5", "ddr4", "hbm2-dramsim3"])
def test_neighbouring_bursts_fill_the_pins_but_for_refresh(name: str) -> None:
    standard = load_standard(name)
    t = standard.timing
    assert bandwidth(name, "seq", refresh="none") == pytest.approx(standard.pin_gb_per_s, rel=ENDS)
    # a refresh takes the time to close the rows, its own, and the time to open one again
    lost = t["nRTP"] + t["nRPab"] + t["nRFC"] + t["nRCDRD"]
    assert bandwidth(name, "seq") == pytest.approx(standard.pin_gb_per_s * (1 - lost / t["nREFI"]), rel=0.02)


def test_random_reads_of_many_banks_are_bound_by_four_activations() -> None:
    t = load_standard("hbm2-dramsim3").timing
    by_hand = 4 * 64 / t["nFAW"]
    assert bandwidth("hbm2-dramsim3", "random", refresh="none") == pytest.approx(by_hand, rel=0.02)


@pytest.mark.parametrize("name", ["hbm2-dramsim3", "ddr4", "gddr6"])
def test_two_rows_in_turn_serve_the_hits_that_fit_before_the_end_of_ras(name: str) -> None:
    standard = load_standard(name)
    t = standard.timing
    gap = max(t["nBL"], t["nCCDL"])
    hits = max(-(-(t["nRAS"] - t["nRCDRD"]) // gap), 4)
    period = max(t["nRC"], t["nRCDRD"] + (hits - 1) * gap + t["nRTP"] + t["nRP"])
    by_hand = hits * standard.organisation.burst_bytes / (period * standard.tck_ps) * 1e3
    assert bandwidth(name, "two-row", refresh="none") == pytest.approx(by_hand, rel=ENDS)


def test_one_request_at_a_time_takes_the_whole_latency() -> None:
    standard = load_standard("hbm2")
    t = standard.timing
    controller = Controller.of(standard, max_outstanding=1, refresh="none")
    result = simulate(standard, stream(standard, controller, "row-hit", 1000), controller)
    assert result.cycles == t["nRCDRD"] + 1000 * (t["nCL"] + t["nBL"])
