"""Do the programs of Duplex read everything once at the rate of its bundles, and share what they read between vectors?"""

import pytest

from narrowgauge.archmodels.pim import DecodeAttention, Gemv, service
from narrowgauge.archmodels.pim.machine import load_pim
from narrowgauge.sim.dram import load_standard, run_program
from narrowgauge.sim.dram.programs import all_bank_gemv, bundle_gemv

LOGIC, BANK = "duplex-logic-pim", "duplex-bank-pim"


def test_the_logic_die_sees_four_times_the_bandwidth_of_the_pins() -> None:
    """16,384 × 4096 weights of 2 bytes on 80 channels: 8 banks × 32 B every 4 cycles on two pseudo-channels, less refresh."""
    standard = load_standard("hbm3-duplex")
    result = run_program(standard, bundle_gemv(standard, 16_384, 4096, 80))
    read = 16_384 * 4096 * 2 / 80
    share = read / (result.cycles * standard.tck_ps * 1e-3) / (4 * standard.pin_gb_per_s)
    assert 0.88 < share < 0.95  # a refresh takes 455 + 19 of 5070 cycles


def test_every_weight_is_read_once() -> None:
    """1000 × 1000 weights on one channel: 2 MB in commands of eight 32-byte bursts."""
    standard = load_standard("hbm3-duplex")
    assert run_program(standard, bundle_gemv(standard, 1000, 1000, 1)).counts["RDH"] == -(-2_000_000 // 512) * 2


def test_eight_vectors_share_a_read_and_nine_take_two() -> None:
    machine = load_pim(LOGIC)
    one, eight, nine, many = (service(machine, Gemv(14_336, 4096, m, "fp16")).latency_us for m in (1, 8, 9, 128))
    assert one == eight < nine
    assert nine == pytest.approx(2 * one, rel=0.02)
    assert many == pytest.approx(16 * one, rel=0.03)  # refreshes fall between


def test_query_heads_of_a_group_share_their_cache() -> None:
    machine = load_pim(LOGIC)
    alone, shared = (service(machine, DecodeAttention(10, 8 * group, 8, 128, 1024, "fp16")).latency_us for group in (1, 4))
    assert alone == shared


def test_units_at_the_banks_take_one_vector_after_the_other() -> None:
    machine = load_pim(BANK)
    one, four = (service(machine, Gemv(14_336, 4096, m, "fp16")).latency_us for m in (1, 4))
    assert four == pytest.approx(4 * one, rel=0.15)  # refreshes fall between


def test_an_all_bank_command_reads_a_burst_of_every_bank() -> None:
    """5120 outputs fill 64 banks of 80 channels once: 4096 inputs are 256 bursts."""
    standard = load_standard("hbm3-attacc-unlimited")
    assert run_program(standard, all_bank_gemv(standard, 5120, 4096, 80)).counts["MACAB"] == 256
