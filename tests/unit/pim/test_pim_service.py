"""Is the price of a task on a PIM machine the one that its timings give by hand?"""

import pytest

from narrowgauge.archmodels import PimMachine, load_machine
from narrowgauge.archmodels.pim import DecodeAttention, Gemv, service
from narrowgauge.archmodels.pim import service as services
from narrowgauge.errors import CapacityError, InputError, UnsupportedError

#: a run of N intervals may meet one refresh more or less than another; the shorter runs meet ten or more, each a tenth of its
#: interval at most
REFRESHES = 0.005


def machine(name: str, **changes: float) -> PimMachine:
    found = load_machine(name)
    assert isinstance(found, PimMachine)
    return found.with_(**changes)


def cycles(where: PimMachine, us: float) -> float:
    return us * 1e6 / where.standard.tck_ps


def test_one_burst_of_one_output_per_bank_on_aim() -> None:
    """Buffer and bias written at 0 and 2; the row, opened at 0, is ready after nRCDRDMAC 56; the result can be read nCL 50 later
    and takes nCL 50 + nBL 2 to arrive."""
    aim = machine("gddr6-aim", channels=1)
    found = service(aim, Gemv(outputs=16, inputs=16, vectors=1, number_format="bf16"))
    assert cycles(aim, found.latency_us) == pytest.approx(56 + 50 + 52)
    by_hand = {"global buffer write": 2, "bias write": 2, "row activation": 52, "result read": 50 + 52, "pim mac": 0}
    assert {name: cycles(aim, us) for name, us in found.busy_us.items() if us} == pytest.approx(
        {name: number for name, number in by_hand.items() if number}
    )
    assert dict(found.commands) == {"ACTAB": 1, "WRGB": 1, "WRBIAS": 1, "MACAB": 1, "RDMAC": 1}


def test_energy_of_it_is_that_of_its_commands() -> None:
    """16 activations of 2950 pJ, 16 multiplications of 82.1, three transfers of 1408; 264 mW for the 79 ns with a row open."""
    aim = machine("gddr6-aim", channels=1)
    found = service(aim, Gemv(outputs=16, inputs=16, vectors=1, number_format="bf16"))
    assert found.energy_mj * 1e9 == pytest.approx(16 * 2950 + 16 * 82.1 + 3 * 1408 + 264 * 79)


def test_four_channels_take_the_time_of_one_and_four_times_the_energy() -> None:
    one, four = (
        service(machine("gddr6-aim", channels=n), Gemv(16 * n, inputs=1024, vectors=1, number_format="bf16")) for n in (1, 4)
    )
    assert four.latency_us == one.latency_us
    assert four.energy_mj == pytest.approx(4 * one.energy_mj)


def test_a_tile_of_neupims() -> None:
    """Four groups of each rank opened tFAW 30 apart, the second rank one cycle later; nRCDRD 14; 32 multiplications 2 apart; the
    result 2 later, nCL 14 + nBL 2 to arrive."""
    neupims = machine("neupims", channels=1)
    found = service(neupims, Gemv(outputs=32, inputs=512, vectors=1, number_format="fp16"))
    assert cycles(neupims, found.latency_us) == pytest.approx(3 * 30 + 1 + 14 + 31 * 2 + 2 + 14 + 2)


def test_vectors_come_one_after_another() -> None:
    aim = machine("gddr6-aim")
    one, three = (service(aim, Gemv(4096, 1024, vectors, "bf16")) for vectors in (1, 3))
    assert three.latency_us == pytest.approx(3 * one.latency_us, rel=0.1)
    assert three.commands["MACAB"] == 3 * one.commands["MACAB"]


@pytest.mark.parametrize("name", ["hbm2-pim", "gddr6-aim", "neupims"])
def test_many_vectors_are_on_the_line_of_fewer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = Gemv(4096, 1024, vectors=150, number_format="fp16")
    line = service(machine(name), task)
    monkeypatch.setattr("narrowgauge.archmodels.pim.serve.REQUESTS", 10**9)
    services.cache_clear()
    exact = service(machine(name), task)
    services.cache_clear()
    assert (line.extended, exact.extended) == (True, False)
    assert line.latency_us == pytest.approx(exact.latency_us, rel=REFRESHES)
    assert line.energy_mj == pytest.approx(exact.energy_mj, rel=REFRESHES)


@pytest.mark.parametrize(("name", "tokens"), [("attacc-buffer", 9000), ("attacc-bankgroup", 40_000), ("neupims", 90_000)])
def test_a_long_cache_is_on_the_line_of_shorter_ones(name: str, tokens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task = DecodeAttention(1, 1, 1, 128, tokens, "fp16")
    line = service(machine(name), task)
    monkeypatch.setattr("narrowgauge.archmodels.pim.serve.REQUESTS", 10**9)
    services.cache_clear()
    exact = service(machine(name), task)
    services.cache_clear()
    assert (line.extended, exact.extended) == (True, False)
    assert line.latency_us == pytest.approx(exact.latency_us, rel=REFRESHES)


def test_heads_fill_channels_before_they_queue() -> None:
    attacc = machine("attacc-bank")
    one, full, more = (service(attacc, DecodeAttention(batch, 1, 1, 128, 512, "fp16")) for batch in (1, 16, 17))
    assert one.latency_us == full.latency_us
    assert more.latency_us == pytest.approx(2 * one.latency_us, rel=0.05)
    assert full.energy_mj == pytest.approx(16 * one.energy_mj)


def test_heads_that_share_keys_and_values_queue_on_the_channel_that_holds_them() -> None:
    attacc = machine("attacc-bank")
    grouped, alone = (service(attacc, DecodeAttention(1, 4, kv_heads, 128, 512, "fp16")) for kv_heads in (1, 4))
    assert grouped.latency_us == pytest.approx(4 * alone.latency_us, rel=0.05)
    assert grouped.commands["MACAB"] == alone.commands["MACAB"]


def test_neupims_keeps_a_sequence_on_one_channel() -> None:
    neupims = machine("neupims")
    one, all_channels = (service(neupims, DecodeAttention(batch, 8, 8, 128, 512, "fp16")) for batch in (1, 32))
    assert one.latency_us == all_channels.latency_us


@pytest.mark.parametrize(
    ("name", "task", "reason"),
    [
        ("hbm2-pim", Gemv(64, 64, 1, "fp8"), "the units of hbm2-pim multiply fp16, bf16, not fp8"),
        ("attacc-bank", Gemv(64, 64, 1, "fp16"), "computes attention; it has no command program for a weight matrix"),
        ("gddr6-aim", DecodeAttention(1, 1, 1, 64, 64, "fp16"), "has no softmax and no program for attention"),
    ],
)
def test_what_has_no_unit_is_refused(name: str, task, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        service(machine(name), task)


def test_what_does_not_fit_the_banks_is_refused() -> None:
    with pytest.raises(CapacityError, match=r"weights take 21\.5 GB, the banks of gddr6-aim hold 17\.2 GB"):
        service(machine("gddr6-aim"), Gemv(1024 * 10240, 1024, 1, "bf16"))
    with pytest.raises(CapacityError, match="keys and values take"):
        service(machine("attacc-bank"), DecodeAttention(512, 32, 32, 128, 4096, "fp16"))


def test_outputs_that_fill_a_row_each_take_the_room_of_a_row() -> None:
    """16 inputs are 32 bytes, but no two outputs of a bank share a row of 2 KB."""
    with pytest.raises(CapacityError):
        service(machine("gddr6-aim"), Gemv(2 * 32 * 16 * 16384, 16, 1, "bf16"))


def test_no_work_is_wrong_input() -> None:
    with pytest.raises(InputError, match="outputs: is 0"):
        service(machine("hbm2-pim"), Gemv(0, 64, 1, "fp16"))
