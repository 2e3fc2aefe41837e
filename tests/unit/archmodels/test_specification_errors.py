"""What a user reads whose specification is wrong: every fault at once, with file, line, path, and what is allowed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.errors import InputError

Writer = Callable[[str], Path]
HEAD = 'title: Mine\nbase: h100-sxm\nsources:\n  me: "my own measurement"\n'  # four lines


def faults(path: Path | str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_machine(path)
    return [str(problem) for problem in caught.value.problems]


def fault(path: Path | str) -> str:
    (only,) = faults(path)
    return only


def test_unknown_key_names_the_nearest(spec_file: Writer) -> None:
    path = spec_file(HEAD + "dram:\n  bandwith_gb_per_s: [4000, GB/s, measured, me]\n")
    message = fault(path)
    assert message.startswith(f"{path}:6: dram.bandwith_gb_per_s: unknown key, did you mean 'bandwidth_gb_per_s'?")


def test_unknown_section_names_the_nearest(spec_file: Writer) -> None:
    assert "clocks: unknown key, did you mean 'clock'?" in fault(spec_file(HEAD + "clocks:\n  boost_mhz: 3\n"))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("[4000, GB, measured, me]", "unit 'GB' does not fit, allowed: GB/s, MB/s, TB/s"),
        ("[-3, GB/s, measured, me]", "value -3 GB/s is impossible, allowed: 1 to 1e+06 GB/s"),
        ("[0, GB/s, measured, me]", "value 0 GB/s is impossible"),
        ("[.nan, GB/s, measured, me]", "value nan is not finite"),
        ("[.inf, GB/s, measured, me]", "value inf is not finite"),
        (f"[1{'0' * 400}, GB/s, measured, me]", "is not finite"),
        ("[fast, GB/s, measured, me]", "value 'fast' is not a number"),
        ("['4000', GB/s, measured, me]", "value '4000' is not a number"),
        ("[true, GB/s, measured, me]", "value True is not a number"),
        ("[4000, GB/s, mesured, me]", "unknown kind 'mesured', did you mean 'measured'?"),
        ("[4000, GB/s, measured, mi]", "source 'mi' is not in the table of sources, did you mean 'me'?"),
        ("[4000, GB/s, assumed, me]", "a number that is assumed needs a note"),
        ("[4000, GB/s, measured, me, 7]", "note 7 is not text"),
        ("[4000, GB/s, measured]", "write [value, unit, kind, source]"),
        ("4000", "is 4000, write [value, unit, kind, source]"),
        ("{value: 4000}", "is {'value': 4000}, write [value, unit, kind, source]"),
        ("[[4000], {}, [], {}]", "value [4000] is not a number"),
        ("", "is None, write [value, unit, kind, source]"),
    ],
)
def test_bad_number(spec_file: Writer, entry: str, words: str) -> None:
    path = spec_file(HEAD + f"dram:\n  bandwidth_gb_per_s: {entry}\n")
    messages = faults(path)
    assert any(words in message for message in messages)
    assert all(message.startswith(f"{path}:6: dram.bandwidth_gb_per_s: ") for message in messages)


@pytest.mark.parametrize(
    ("section", "entry", "words"),
    [
        ("chip", "sm_count: [0, count, measured, me]", "value 0 count is impossible"),
        ("chip", "sm_count: [1.5, count, measured, me]", "value 1.5 count must be whole"),
        ("clock", "boost_mhz: [11, GHz, measured, me]", "value 11000 MHz is impossible, allowed: 100 to 10000 MHz"),
        ("sm", "mma_sync_fraction: [1.2, ratio, measured, me]", "value 1.2 ratio is impossible"),
        ("chip", "process: 4", "is 4"),
    ],
)
def test_impossible_hardware(spec_file: Writer, section: str, entry: str, words: str) -> None:
    assert words in fault(spec_file(HEAD + f"{section}:\n  {entry}\n"))


def test_all_faults_of_a_file_at_once_with_their_lines(spec_file: Writer) -> None:
    path = spec_file(
        HEAD
        + "clock:\n  boost_mhz: [1980, GB/s, measured, me]\n  bost_mhz: [1, MHz, measured, me]\n"
        + "dram:\n  capacity_gb: [-1, GB, guessed, you]\n"
    )
    assert [message.split(": ")[0] for message in faults(path)] == [f"{path}:6", f"{path}:7", *[f"{path}:9"] * 3]


def test_missing_fields_are_named(spec_file: Writer) -> None:
    messages = faults(spec_file("title: Mine\narchitecture: sm90\nenergy_table: gh100\nchip:\n  process: X\n"))
    assert any(":4: chip.sm_count: is missing" in message for message in messages)
    assert any(":1: dram: is missing" in message for message in messages)
    assert not any("energy_pj" in message for message in messages)


def test_required_number_cannot_be_taken_away(spec_file: Writer) -> None:
    assert "write [value, unit, kind, source]" in fault(spec_file(HEAD + "dram:\n  capacity_gb: null\n"))


def test_section_that_is_a_number(spec_file: Writer) -> None:
    assert ":5: dram: is 5, must be a section with the keys type, bus_bits" in fault(spec_file(HEAD + "dram: 5\n"))


def test_numbers_that_contradict_each_other(spec_file: Writer) -> None:
    path = spec_file(HEAD + "clock:\n  base_mhz: [3, GHz, measured, me]\n")
    assert fault(path) == (f"{path}:6: clock.base_mhz: is 3000 MHz (measured), more than clock.boost_mhz = 1980 MHz (datasheet)")


def test_format_without_energy(spec_file: Writer) -> None:
    path = spec_file(HEAD + "tensor_macs_per_sm_cycle:\n  fp4: [8192, MAC/SM/cycle, measured, me]\n")
    assert "fp4: has no energy, give energy_pj.mac_fp4 as well" in fault(path)


def test_architecture_has_a_form(spec_file: Writer) -> None:
    assert "architecture: is 'hopper', must look like sm80" in fault(spec_file(HEAD + "architecture: hopper\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("base: h101-sxm\n", ":1: base: unknown specification 'h101-sxm'; did you mean 'h100-sxm'?"),
        ("base: 7\n", ":1: base: 7 is not the name of hardware or of a file"),
        ("base: mine.yaml\n", "'mine.yaml' leads back to a file that builds on this one"),
        ("base: gone.yaml\n", "gone.yaml: cannot be read"),
        ("base: h100-sxm\nenergy_table: gh101\n", ":2: energy_table: unknown energy table 'gh101'; did you mean 'gh100'?"),
        ("base: h100-sxm\nenergy_table: [1]\n", ":2: energy_table: [1] is not the name of energy table or of a file"),
        ("base: h100-sxm\nsources: 3\n", ":2: sources: must be a table"),
        ("base: h100-sxm\nsources:\n  me: 3\n", ":3: sources.me: 3 is not a citation"),
        ("title: a\ntitle: b\n", ":2: is not valid YAML"),
        ("title: [a\n", "is not valid YAML"),
        ("title: \x00\n", "is not valid YAML"),
        ("title: 2020-13-45\n", "is not valid YAML"),
        (f"title: {'[' * 5000}\n", "is nested too deeply"),
        ("- a\n", ":1: the top level must be a mapping"),
        ("", ":1: the top level must be a mapping"),
    ],
)
def test_broken_files(spec_file: Writer, text: str, words: str) -> None:
    assert words in fault(spec_file(text))


def test_file_that_builds_on_itself_by_another_spelling(spec_file: Writer) -> None:
    path = spec_file("")
    path.write_text(f"base: ../{path.parent.name}/mine.yaml\n")
    assert "leads back to a file that builds on this one" in fault(path)


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8 text" in fault(path)


def test_energy_table_with_foreign_keys(spec_file: Writer) -> None:
    path = spec_file("base: h100-sxm\nenergy_table: own.yaml\n")
    path.with_name("own.yaml").write_text("title: Own\nenergy: {}\n")
    assert fault(path) == "own.yaml:2: energy: unknown key, did you mean 'energy_pj'? allowed: title, sources, energy_pj"


def test_unknown_name_and_missing_file() -> None:
    assert "unknown hardware 'h100_smx'; did you mean 'h100-sxm'?" in fault("h100_smx")
    assert fault("nowhere/h100.yaml") == "nowhere/h100.yaml: cannot be read: No such file or directory"
