"""What does `narrowgauge price` write, print and return?"""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from narrowgauge.cli import main

GOOD = "m,n,k,scheme\n16,4096,4096,w4a16\n64,4096,4096,bf16\n"
ONE_BAD = GOOD + "0,4096,4096,bf16\n"


@pytest.fixture
def price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def run(content: str, *options: str) -> Result:
        Path("in.csv").write_text(content)
        return CliRunner().invoke(main, ["price", "in.csv", "-o", "out.csv", "--on", "a100-sxm-80gb", *options])

    return run


def test_a_good_table_is_priced(price) -> None:
    result = price(GOOD)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "2 of 2 rows priced on a100-sxm-80gb: out.csv" in result.stdout
    assert pd.read_csv("out.csv")["latency_us"].notna().all()


def test_some_bad_rows_are_listed_and_the_others_priced(price) -> None:
    result = price(ONE_BAD)
    assert result.exit_code == 1
    assert result.stderr == "error: in.csv: row 3: m is zero, allowed: whole numbers from 1 to 2147483647\n"
    written = pd.read_csv("out.csv")
    assert written["latency_us"].notna().tolist() == [True, True, False]
    assert written["source"].iloc[2].startswith("error: m is zero")


def test_equal_problems_are_counted_once(price) -> None:
    result = price("m,n,k\n" + "0,1,1\n" * 12 + "1,1,1\n")
    assert "rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, … (12 rows): m is zero" in result.stderr


@pytest.mark.parametrize("content", ["m,n,k\n0,1,1\n", "", "m,n\n1,2\n", "m,n,k\n"])
def test_a_table_without_a_good_row_writes_nothing(price, content: str) -> None:
    result = price(content)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: in.csv: ")
    assert [path.name for path in Path().iterdir()] == ["in.csv"]


@pytest.mark.parametrize("options", [("--on", "h100"), ("-o", "out.txt"), ("-o", "no/out.csv"), ("--json",)])
def test_wrong_use_is_exit_code_2(price, options: tuple[str, ...]) -> None:
    assert price(GOOD, *options).exit_code == 2


def test_json_on_stdout_is_nothing_but_json(price) -> None:
    summary = json.loads(price(ONE_BAD, "--json", "-").stdout)
    assert (summary["rows"], summary["priced"], summary["bad"]) == (3, 2, 1)
    assert summary["problems"][0]["rows"] == [3]


def test_json_goes_to_a_file_beside_the_table(price) -> None:
    assert price(GOOD, "--json", "s.json").stdout
    assert json.loads(Path("s.json").read_text())["machine"] == "a100-sxm-80gb"


def test_measured_latencies_give_a_mean_error(price) -> None:
    result = price("m,n,k,latency_us\n64,4096,4096,20\n")
    assert "mean absolute error" in result.stdout


def test_output_fits_eighty_columns(price) -> None:
    assert max(map(len, price(GOOD).stdout.splitlines())) <= 80


def test_a_framework_that_some_rows_lack_is_summed_up_apart(price) -> None:
    result = price("m,n,k,scheme,framework\n16,4096,4096,bf16,sglang\n64,4096,4096,bf16,\n")
    assert result.exit_code == 0, result.output
    assert "2 of 2 rows priced" in result.stdout
