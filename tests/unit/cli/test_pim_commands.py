"""Do the commands take PIM machines and what-if numbers, and do they say what they refuse?"""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from narrowgauge.cli import main

TABLE = "op,m,n,k,batch_size,isl,step,num_heads,num_key_value_heads,head_dim\ngemm,1,4096,1024,,,,,,\nprefill,,,,1,64,0,8,8,128\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text(TABLE)
    return lambda *options: run("price", "in.csv", "-o", "out.csv", *options)


def test_a_table_is_priced_row_by_row(price) -> None:
    result = price("--on", "hbm2-pim")
    assert result.exit_code == 1
    assert result.stderr == "error: in.csv: row 2: hbm2-pim does not price prefill: it has command programs for GEMM rows\n"
    written = pd.read_csv("out.csv")
    assert written["latency_us"].notna().tolist() == [True, False]
    assert written["source"].iloc[0].startswith("hbm2-pimsimulator: command program on the bank model; assumed interval")


def test_overrides_change_the_price_and_are_recorded(price) -> None:
    before = json.loads(price("--on", "hbm2-pim", "--json", "-").stdout)
    after = json.loads(
        price("--on", "hbm2-pim", "--override", "channels=16", "--override", "timing.tRP=20", "--json", "-").stdout
    )
    assert before["overrides"] == {}
    assert after["overrides"] == {"channels": 16, "timing.nRP": 20, "timing.nRPab": 20, "timing.nRC": 53}
    assert after["groups"][0]["latency_us"] > before["groups"][0]["latency_us"]


def test_a_gpu_takes_overrides_too(price) -> None:
    plain, faster = (
        json.loads(price("--on", "h100-sxm", *options, "--json", "-").stdout)
        for options in ((), ("--override", "dram.bandwidth_gb_per_s=6000"))
    )
    assert faster["overrides"] == {"dram.bandwidth_gb_per_s": 6000}
    assert faster["groups"][0]["latency_us"] < plain["groups"][0]["latency_us"]


@pytest.mark.parametrize("command", [("price", "in.csv", "-o", "out.csv"), ("predict", "llama-3-8b")])
def test_every_fault_of_the_overrides_is_printed(price, command: tuple[str, ...]) -> None:
    result = run(*command, "--on", "h100-sxm", "--override", "dram.bandwith_gb_per_s=1", "--override", "tdp", "--override", "x=1")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert "'tdp', write PATH=VALUE" in lines[0]
    assert "did you mean 'dram.bandwidth_gb_per_s'?" in lines[1]
    assert lines[2].startswith("error: x: unknown parameter")


def test_a_whole_model_is_refused_with_the_reason() -> None:
    result = run("predict", "llama-3-8b", "--on", "hbm2-pim")
    assert result.exit_code == 2
    assert "hbm2-pim has no unit for prefill, norms and activations: a model needs a host beside it" in result.stderr


def test_predict_records_overrides() -> None:
    answer = json.loads(run("predict", "llama-3-8b", "--on", "h100-sxm", "--override", "link.latency_us=1", "--json", "-").stdout)
    assert [change["path"] for change in answer["manifest"]["overrides"]] == ["link.latency_us"]


def test_a_pim_machine_has_no_fits(price) -> None:
    result = price("--on", "hbm2-pim", "--fits", ".")
    assert result.exit_code == 2
    assert "is no GPU and is priced without fits" in result.stderr


def test_list_has_pim_machines_of_their_own() -> None:
    assert {"hbm2-pim", "neupims"} <= set(json.loads(run("list", "pim-machines", "--json", "-").stdout))
    assert "hbm2-pim" not in json.loads(run("list", "machines", "--json", "-").stdout)


def test_show_prints_organisation_timings_rates_and_sources() -> None:
    result = run("show", "hbm2-pim")
    assert result.exit_code == 0
    for words in (
        "mac_interval_cycles",
        "rate.peak_gmac_per_s",
        "timing.nCCDL",
        "organisation.ranks",
        "PIMSimulator",
        "left_out",
    ):
        assert words in result.stdout
    assert "Nobody measured these" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_show_marks_what_was_changed() -> None:
    result = run("show", "attacc-bank", "--override", "mac_interval_cycles=4")
    (line,) = (line for line in result.stdout.splitlines() if line.startswith(" mac_interval_cycles"))
    assert line.split()[:5] == ["mac_interval_cycles", "4", "cycle", "what", "if"]


def test_only_machines_have_overrides() -> None:
    result = run("show", "fp8", "--override", "a=1")
    assert (result.exit_code, result.stderr) == (2, "error: --override: 'fp8' is no machine\n")


def test_faults_of_overrides_stand_beside_those_of_the_question() -> None:
    result = run("predict", "llama-3-8", "--on", "h100-sxm", "--override", "tdp_w=1", "--scheme", "w4a17", "--batch", "0")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert [words in line for words, line in zip(("tdp_w", "llama-3-8", "w4a17", "batch"), lines, strict=True)] == [True] * 4


def test_an_unknown_machine_is_said_once() -> None:
    result = run("predict", "llama-3-8b", "--on", "h100", "--override", "power.tdp_w=300")
    assert result.stderr.count("unknown hardware 'h100'") == 1
