"""Are tables that no device can obey refused, with the culprits named, and are overrides what they say?"""

import pytest

from narrowgauge.errors import InputError
from narrowgauge.provenance import Kind
from narrowgauge.sim.dram import Controller, load_standard, standard_names
from narrowgauge.sim.dram.mapping import parse_mapping


def test_every_number_has_a_source_and_a_note_where_it_is_assumed(standard) -> None:
    for path, entry in standard.quantities.items():
        assert entry.source, path
        assert entry.note or entry.kind not in (Kind.ASSUMED, Kind.DERIVED), path


def test_the_required_standards_are_there() -> None:
    assert {"hbm2", "hbm2e", "hbm3", "gddr6", "gddr6-aim", "lpddr5", "ddr4"} <= set(standard_names())


def test_pins_carry_a_burst_in_its_transfers(standard) -> None:
    assert standard.burst_length * standard.organisation.data_bits == standard.organisation.burst_bytes * 8


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"tRC": 40}, "nRC: is 40 cycles, below nRAS + nRP = 48"),
        ({"nRAS": 10}, "nRAS: is 10 cycles, below nRCDRD = 14"),
        ({"tCCD_L": 1}, "nCCDL: is 1 cycles, below nCCDS = 2"),
        ({"nRFC": 5000}, "nREFI: is 3900 cycles, below nRFC + nRPab + nRC = 5062"),
        ({"nBL": 0}, "nBL: is 0, must be at least 1 cycle"),
        ({"tRPx": 3}, "override tRPx: unknown timing of hbm2"),
        ({"tFAV": 3}, "did you mean 'nFAW'"),
        ({"tRP": "-1"}, "override tRP: is '-1'"),
        ({"tRP": "soon"}, "override tRP: is 'soon', must be a whole number"),
        ({"tRP": "1.5"}, "override tRP: is '1.5', must be a whole number"),
        ({"nFAW": "1e20"}, "override nFAW: is '1e20', must be a whole number of cycles .* from 0 to 10,000,000"),
        ({"tRP": "nan"}, "override tRP: is 'nan'"),
    ],
)
def test_impossible_timings_are_refused_by_name(overrides: dict, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("+", r"\+")):
        load_standard("hbm2", overrides)


def test_all_faults_come_at_once() -> None:
    with pytest.raises(InputError) as caught:
        load_standard("hbm2", {"tRPx": 3, "tQ": 1, "nFAW": "x"})
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("name", ["nRP", "tRP", "tRP_ns"])
def test_an_override_is_named_as_the_field_does(name: str) -> None:
    made = load_standard("hbm2", {name: 20})
    assert made.timing["nRP"] == 20
    assert made.timing["nRC"] == 34 + 20
    assert "nRC 54 (follows nRAS + nRP)" in made.changed


def test_ns_are_rounded_up_to_cycles() -> None:
    assert load_standard("ddr4", {"tRP_ns": 13.75}).timing["nRP"] == 22
    assert load_standard("ddr4", {"tRP_ns": 13.76}).timing["nRP"] == 23


def test_another_clock_keeps_what_the_source_states_in_ns() -> None:
    made = load_standard("hbm2", {"tCK": 500})
    assert made.timing["nREFI"] == 7800
    assert made.timing["nRCDRD"] == 14
    assert made.pin_gb_per_s == pytest.approx(64)


def test_an_unknown_memory_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'hbm2e'"):
        load_standard("hbm2ee")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("RoRaBaCoBgPc", "wrong: Ch"),
        ("RoRoRaBaCoBgPcCh", "wrong: Ro"),
        ("RoRaBaCoBgPcXx", "unknown field 'Xx'"),
    ],
)
def test_a_wrong_mapping_is_refused(mapping: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_mapping(mapping, load_standard("hbm2").organisation, 1)


def test_decoding_inverts_encoding() -> None:
    mapping = parse_mapping("RoRaBaCoBgPcCh", load_standard("hbm2").organisation, 4)
    parts = {"Ro": 77, "Ba": 3, "Bg": 2, "Co": 31, "Pc": 1, "Ch": 3, "Ra": 0}
    assert {key: int(value) for key, value in mapping.decode(mapping.encode(**parts)).items()} == parts


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"policy": "opne"}, "did you mean 'open'"),
        ({"refresh": "sometimes"}, "refresh: unknown 'sometimes'"),
        ({"queue_depth": 0}, "queue_depth: is 0"),
        ({"channels": 0}, "channels: is 0"),
        ({"max_outstanding": -1}, "max_outstanding: is -1"),
    ],
)
def test_a_wrong_controller_is_refused(changes: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Controller.of(load_standard("hbm2"), **changes)


def test_per_bank_refresh_is_refused_where_there_is_none() -> None:
    with pytest.raises(InputError, match="ddr4 has no per-bank refresh"):
        Controller.of(load_standard("ddr4"), refresh="per-bank")
