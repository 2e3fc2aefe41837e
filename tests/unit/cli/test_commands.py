"""Do `list`, `show`, `fit` and `validate` print what they promise?"""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from narrowgauge.cli import main
from narrowgauge.cli.listing import TOPICS


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_list_names_everything() -> None:
    assert [name in run("list").stdout for name in ("h100-sxm", "llama-3-8b", "w4a16-g128", "nf4", "gemm")] == [True] * 5


@pytest.mark.parametrize("topic", list(TOPICS))
def test_every_topic_lists(topic: str) -> None:
    result = run("list", topic)
    assert result.exit_code == 0 and result.stdout


def test_list_as_json_maps_names_to_words() -> None:
    assert "sm90" in json.loads(run("list", "machines", "--json", "-").stdout)["h100-sxm"]


def test_show_a_machine_ends_with_what_nobody_measured() -> None:
    shown = run("show", "h100-sxm").stdout
    assert "Nobody measured these" in shown and "l2.capacity_mb" in shown


def test_show_a_machine_as_json_has_every_number_with_its_source() -> None:
    numbers = json.loads(run("show", "h100-sxm", "--json", "-").stdout)["numbers"]
    assert all({"path", "value", "unit", "kind", "source"} <= set(row) for row in numbers)


def test_show_a_model_counts_its_parameters() -> None:
    assert "8,030,261,248" in run("show", "llama-3-8b").stdout


@pytest.mark.parametrize("name", ["w4a8-g64", "fp4-e2m1", "bitmod-fp3", "BF16"])
def test_show_knows_schemes_and_formats(name: str) -> None:
    assert run("show", name).exit_code == 0


def test_show_names_everything_that_bears_the_name() -> None:
    shown = run("show", "nf4").stdout
    assert "scheme nf4" in shown and "format nf4" in shown


def test_show_an_unknown_name_suggests_the_nearest() -> None:
    result = run("show", "h100-sxmm")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean 'h100-sxm'?" in result.stderr


def test_show_reads_a_specification_and_reports_its_faults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: [\n")
    result = run("show", str(path))
    assert result.exit_code == 2 and str(path) in result.stderr


@pytest.mark.parametrize("topic", list(TOPICS))
def test_what_is_listed_can_be_shown_on_narrow_and_wide_terminals(topic: str) -> None:
    names = list(json.loads(run("list", topic, "--json", "-").stdout))
    for name in {names[0], names[-1]}:
        for columns in (60, 80, 200):
            result = CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["show", name])
            assert result.exit_code == 0, result.output
            assert max(len(line.rstrip()) for line in result.stdout.splitlines()) <= columns


@pytest.mark.parametrize("name", ["h100-sxm", "deepseek-v3", "nf4", "w4a16"])
def test_shown_tables_fit_eighty_columns(name: str) -> None:
    assert max(map(len, run("show", name).stdout.splitlines())) <= 80


def validated(ok: bool) -> pd.DataFrame:
    common = {"machine": "h100-sxm", "family": "attention-prefill", "precision": "bf16-kvfp8", "rows": 164570, "roofline": 0.2}
    errors = {"physics": 0.05, "with_residual": 0.03, "coverage": 0.9}
    total = {**common, **errors, "library": "all", "physics_bound": 0.065, "residual_bound": 0.03, "ok": ok, "noise": 0.01}
    return pd.DataFrame([{**common, **errors, "library": "sglang-triton"}, total])


KEPT, BROKEN = (True, 0, "all 1 promises are kept"), (False, 1, "1 of 1 promises fall short")


@pytest.mark.parametrize(("ok", "code", "words"), [KEPT, BROKEN])
def test_validate_fails_when_a_promise_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ok: bool, code: int, words: str
) -> None:
    monkeypatch.setattr("narrowgauge.calibration.campaign.validate", lambda *_: validated(ok))
    result = run("validate", str(tmp_path))
    assert result.exit_code == code and words in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(("columns", "spared"), [(60, True), (120, False)])
def test_a_narrow_table_of_errors_says_which_columns_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int, spared: bool
) -> None:
    monkeypatch.setattr("narrowgauge.calibration.campaign.validate", lambda *_: validated(True))
    shown = CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["validate", str(tmp_path)]).stdout
    assert max(map(len, shown.splitlines())) <= columns
    assert "sglang-triton" in shown
    assert ("without noise, rows" in shown, "roofl." in shown) == (spared, True)


def test_validate_as_json_has_one_record_per_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrowgauge.calibration.campaign.validate", lambda *_: validated(True))
    records = json.loads(run("validate", str(tmp_path), "--json", "-").stdout)
    assert [record["ok"] for record in records] == [None, True]


def test_fit_passes_its_options_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []

    def fit_all(*arguments: object) -> list[Path]:
        calls.append(arguments[:5])
        return [tmp_path / "a.json"]

    monkeypatch.setattr("narrowgauge.calibration.campaign.fit_all", fit_all)
    result = run("fit", str(tmp_path), "-o", str(tmp_path / "out"), "--family", "gemm", "--on", "H100_SXM", "--jobs", "1")
    assert calls == [(tmp_path, tmp_path / "out", ("gemm",), ("h100-sxm",), 1)]
    assert result.stdout == f"{tmp_path / 'a.json'}\n"


def test_fit_names_the_nearest_machine(tmp_path: Path) -> None:
    result = run("fit", str(tmp_path), "-o", str(tmp_path), "--on", "h100")
    assert result.exit_code == 2 and "did you mean 'h100-sxm'?" in result.stderr
