"""Is a PIM machine what its file says, and does a what-if variant change what it says and nothing else?"""

from pathlib import Path

import pytest

from narrowgauge.archmodels import PimMachine, describe, load_gpu, load_machine
from narrowgauge.errors import InputError
from narrowgauge.provenance import Kind


@pytest.fixture
def hbm2_pim() -> PimMachine:
    machine = load_machine("hbm2-pim")
    assert isinstance(machine, PimMachine)
    return machine


def faults(call) -> list[str]:
    with pytest.raises(InputError) as error:
        call()
    return [str(problem) for problem in error.value.problems]


def test_a_variant_is_a_new_machine_and_says_what_stood_there(hbm2_pim: PimMachine) -> None:
    changed = hbm2_pim.with_(channels=16)
    assert (hbm2_pim.channels, changed.channels) == (64, 16)
    (override,) = changed.overrides
    assert (override.path, override.old.value, override.new.value, override.new.kind) == ("channels", 64, 16, Kind.ASSUMED)


def test_a_timing_takes_with_it_what_follows_from_it(hbm2_pim: PimMachine) -> None:
    changed = hbm2_pim.with_(**{"timing.tRP": 20})
    assert {change.path: change.new.value for change in changed.overrides} == {
        "timing.nRP": 20,
        "timing.nRPab": 20,
        "timing.nRC": 53,
    }
    assert changed.standard.timing["nRP"] == 20


def test_overrides_lie_on_top_of_each_other_and_the_last_one_counts(hbm2_pim: PimMachine) -> None:
    changed = hbm2_pim.with_(**{"timing.nRTP": 9}).with_(channels=8).with_(**{"timing.nRTP": 7})
    assert {change.path: change.new.value for change in changed.overrides} == {"channels": 8, "timing.nRTP": 7}
    assert changed.overrides[-1].old.value == 9


def test_another_clock_keeps_the_nanoseconds_of_refresh(hbm2_pim: PimMachine) -> None:
    changed = hbm2_pim.with_(**{"timing.tCK": 500})
    assert (changed.standard.tck_ps, changed.standard.timing["nRFC"]) == (500, 700)
    assert changed.with_(channels=1).standard.timing["nRFC"] == 700


def test_the_pim_rate_is_what_lies_between_two_multiplications() -> None:
    machine = load_machine("attacc-bank")
    assert (machine.mac_pace.latency, machine.mac_pace.latency_cycles) == ("nCCDAB", 6)
    changed = machine.with_(mac_interval_cycles=4)
    assert changed.mac_pace.latency_cycles == 4
    assert [(change.path, change.old.value, change.new.value) for change in changed.overrides] == [("mac_interval_cycles", 6, 4)]


def test_the_pim_rate_leaves_plain_reads_alone() -> None:
    """Reads and multiplications of AiM are kept apart by the same timing."""
    aim = load_machine("gddr6-aim")
    before, after = aim.standard, aim.with_(mac_interval_cycles=7).standard

    def asked(standard, first: str, second: str) -> set[int]:
        return {row.latency_cycles for row in standard.constraints if first in row.before and second in row.after}

    assert asked(after, "MACAB", "MACAB") == {7}
    others = [(first, second) for first in before.commands for second in before.commands if (first, second) != ("MACAB", "MACAB")]
    assert all(asked(after, *pair) == asked(before, *pair) for pair in others)


def test_every_fault_of_the_overrides_is_named_at_once(hbm2_pim: PimMachine) -> None:
    found = faults(lambda: hbm2_pim.with_(**{"chanels": 3, "channels": 0.5, "timing.tRRP": 3, "timing.tRAS": -1}))
    assert len(found) == 4
    assert found[0].startswith("chanels: unknown parameter, did you mean 'channels'?")
    assert found[1] == "channels: value 0.5 count is impossible, allowed: 1 to 100000 count"
    assert "tRRP" in found[2] and "did you mean 'nRP'?" in found[2]
    assert "tRAS" in found[3]


def test_timings_that_contradict_each_other_are_refused(hbm2_pim: PimMachine) -> None:
    (fault,) = faults(lambda: hbm2_pim.with_(**{"timing.nRC": 10}))
    assert "nRAS + nRP" in fault


def test_a_description_marks_what_was_changed(hbm2_pim: PimMachine) -> None:
    rows = {row.path: row for row in describe(hbm2_pim.with_(**{"timing.nRTP": 9})).rows}
    assert (rows["timing.nRTP"].layer, rows["timing.nRTP"].value) == ("what-if override", 9)
    assert rows["timing.nRTP"].note == "instead of 5 cycle (published)"
    assert rows["timing.nRAS"].layer == "specification"


@pytest.mark.parametrize(
    ("name", "gmac_per_s"),
    [
        ("hbm2-pim", 64 * 8 * 16 / 4),  # 8 units of 16 lanes, a command every 4 ns
        ("gddr6-aim", 32 * 256),  # 512 Gflop/s a channel
        ("neupims", 32 * 32 * 16 / 2),
    ],
)
def test_the_peak_is_that_of_the_sources(name: str, gmac_per_s: float) -> None:
    rows = {row.path: row.value for row in describe(load_machine(name)).rows}
    assert rows["rate.peak_gmac_per_s"] == pytest.approx(gmac_per_s)


def test_a_file_may_build_on_a_shipped_machine(tmp_path: Path) -> None:
    path = tmp_path / "half.yaml"
    path.write_text('base: hbm2-pim\nsources: {me: "a thought experiment"}\nchannels: [32, count, assumed, me, "half of them"]\n')
    machine = load_machine(path)
    assert isinstance(machine, PimMachine)
    assert (machine.name, machine.channels, machine.gemv is None) == ("half", 32, False)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("machine: pum\n", ":2: machine: is 'pum', did you mean 'pim'?"),
        ("memory: hbm9\n", ":2: memory: unknown memory 'hbm9'; did you mean 'hbm"),
        ("gemv: hbm\n", ":2: gemv: unknown program 'hbm'; did you mean 'hbm-pim'? allowed: hbm-pim, aim, neupims"),
        ("memory: hbm2\n", ": gemv: program 'hbm-pim' needs the requests read-half, write-half, which hbm2 does not have"),
        ("gemv: null\n", ": gemv: is missing and so is attention"),
        ("chanels: 3\n", ":2: chanels: unknown key, did you mean 'channels'?"),
        ("channels: [0, count, assumed, sait, x]\n", ":2: channels: value 0 count is impossible"),
        ("formats: {fp16: null, bf16: null}\n", ":2: formats: names no format"),
    ],
)
def test_a_fault_of_a_file_is_placed(tmp_path: Path, body: str, fault: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"base: hbm2-pim\n{body}")
    assert any(fault in found for found in faults(lambda: load_machine(path)))


def test_an_unknown_name_is_looked_for_among_all_hardware() -> None:
    (fault,) = faults(lambda: load_machine("hbm2pim"))
    assert "did you mean 'hbm2-pim'? allowed: a10" in fault


def test_who_needs_a_gpu_is_told_that_this_is_none() -> None:
    (fault,) = faults(lambda: load_gpu("neupims"))
    assert fault.startswith("'neupims' is a PIM machine; this takes a GPU: a10")
