"""Does `narrowgauge memory` print what the model says, and refuse what it cannot do with exit code 2?"""

import json

import pytest
from click.testing import CliRunner

from narrowgauge.cli import main


def run(*words: str):
    return CliRunner().invoke(main, ["memory", *words])


def test_json_holds_every_figure() -> None:
    shown = run("hbm2-dramsim3", "--pattern", "row-hit", "--requests", "1000", "--refresh", "none", "--json", "-")
    assert shown.exit_code == 0
    answer = json.loads(shown.stdout)
    assert answer["cycles"] == 14 + 999 * 2 + 14 + 2
    assert answer["time_us"] == pytest.approx(2.028)
    assert answer["bandwidth_gb_per_s"] == pytest.approx(64 * 1000 / 2028)
    assert answer["row_hits"] == 999
    assert answer["commands"] == {"ACT": 1, "RD": 1000}
    assert answer["energy_pj"]["commands"]["RD"] == pytest.approx(804_000)
    assert set(answer["latency_ns"]) == {"mean", "p50", "p99"}


def test_the_table_says_what_is_not_known_and_what_was_overridden() -> None:
    shown = run("ddr4", "--requests", "100", "--override", "tRP=30", "--override", "tCCD_L=10")
    assert shown.exit_code == 0
    assert "what if: nRP 30" in shown.stdout
    assert "what if: nRC 82 (follows nRAS + nRP)" in shown.stdout
    assert "not known: energy of" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_a_trace_is_served(tmp_path) -> None:
    path = tmp_path / "trace"
    path.write_text("0x0 R\n0x40 W\n")
    answer = json.loads(run("hbm2", "--replay", str(path), "--json", "-").stdout)
    assert answer["commands"]["RD"] == answer["commands"]["WR"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("hbm9",), "did you mean 'hbm3'"),
        (("hbm2", "--override", "tRC=10"), "nRC: is 10 cycles"),
        (("hbm2", "--override", "tRX=10"), "unknown timing of hbm2"),
        (("hbm2", "--override", "tRC"), "write PATH=VALUE"),
        (("hbm2", "--channels", "0"), "channels: is 0"),
        (("hbm2", "--channels", "3"), "must be a power of two"),
        (("hbm2", "--pattern", "zig"), "unknown pattern 'zig'"),
        (("hbm2", "--policy", "ajar"), "unknown 'ajar'"),
        (("hbm2", "--mapping", "RoCo"), "wrong: "),
        (("hbm2", "--requests", "0"), "requests is 0"),
        (("hbm2", "--writes", "2"), "writes is 2.0"),
        (("hbm2", "--replay", "nowhere.trace"), "cannot be read"),
        (("hbm2", "--replay", "x", "--pattern", "seq"), "not both"),
    ],
)
def test_wrong_use_is_one_clear_error(words: tuple[str, ...], message: str) -> None:
    shown = run(*words)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert "Traceback" not in shown.output
