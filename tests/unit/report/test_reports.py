"""Does the report of each kind of result say what is in the result, and where it comes from?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from shown_results import prediction, request, validation_table

import narrowgauge as ng
from narrowgauge.cli import main
from narrowgauge.errors import InputError
from narrowgauge.experiments.predict_request import check
from narrowgauge.experiments.predict_text import number
from narrowgauge.experiments.report.blocks import Block, Fold, Listing, Report, Table, Tiles, Words
from narrowgauge.experiments.report.cases import alike, held
from narrowgauge.experiments.report.predict import predict_report
from narrowgauge.experiments.report.render import html
from narrowgauge.experiments.report.sweep import sweep_report
from narrowgauge.experiments.report.validate import validate_report
from narrowgauge.experiments.sweep import read_results, run_sweep
from narrowgauge.provenance import Source

SWEEP = {
    "model": "llama-3-8b",
    "machine": ["a100-sxm-80gb", "h100-sxm"],
    "scheme": ["bf16", "fp8"],
    "batch": [1, 8, 64],
    "input": [128, 512],
    "override": {"dram.bandwidth_gb_per_s": [2000, 4000]},
}


def blocks(report: Report) -> Iterator[Block]:
    stack = [block for section in report.sections for block in section.blocks]
    while stack:
        block = stack.pop(0)
        yield block
        stack += block.blocks if isinstance(block, Fold) else ()


def words(report: Report) -> str:
    texts = [block.text for block in blocks(report) if isinstance(block, Words | Listing)]
    return "\n".join(texts)


def table_of(report: Report, beginning: str) -> Table:
    return next(block for block in blocks(report) if isinstance(block, Table) and block.caption.startswith(beginning))


@pytest.fixture(scope="module")
def predicted() -> Report:
    return predict_report(prediction(), request(), "narrowgauge predict llama-3-8b")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("results")
    run_sweep(SWEEP, made)
    return made


@pytest.fixture(scope="module")
def swept(folder: Path) -> Report:
    return sweep_report(folder, "narrowgauge sweep sweep.yaml -o results")


def test_the_answer_comes_first_with_its_intervals(predicted: Report) -> None:
    tiles = next(block for block in predicted.sections[0].blocks if isinstance(block, Tiles)).tiles
    ttft = prediction().ttft_ms
    assert tiles[0].value == f"{number(ttft.value)} ms"
    assert tiles[0].beside == f"{number(ttft.low)} to {number(ttft.high)}"


def test_every_number_of_the_machine_is_listed_with_kind_and_source(predicted: Report) -> None:
    listed = table_of(predicted, "Numbers of h100-sxm")
    described = ng.describe(request().machine).rows
    assert [row[0].text for row in listed.rows] == [row.path for row in described]
    assert [row[1].text.replace(",", "") for row in listed.rows] == [f"{row.value:.10g}" for row in described]
    assert [row[3].text for row in listed.rows] == [row.kind for row in described]
    assert all(row[4].text for row in listed.rows)


def test_every_kernel_is_listed_with_the_fit_that_serves_it(predicted: Report) -> None:
    served = {row[3].text for row in table_of(predicted, "Fits behind").rows}
    used = {source["source"].partition(";")[0] for source in prediction().manifest["sources"] if source["relation"] != "own"}
    assert used <= served
    data = table_of(predicted, "Measured data").rows
    assert all(len(row[2].text) == 16 for row in data)
    assert {row[0].text for row in data} >= {"gemm_a100_sxm.parquet"}


def test_the_command_and_versions_are_there(predicted: Report) -> None:
    assert "narrowgauge predict llama-3-8b" in words(predicted)
    assert f"narrowgauge {prediction().manifest['version']}" in words(predicted)


def test_the_same_question_is_asked_of_other_machines_and_refusals_are_kept(predicted: Report) -> None:
    compared = {(row[0].text, row[1].text) for row in table_of(predicted, "Values with").rows}
    assert ("h100-sxm", "bf16") in compared
    assert len({machine for machine, _ in compared}) > 5


def test_a_machine_with_changed_numbers_is_compared_with_itself_as_it_is() -> None:
    machine = request().machine.with_(**{"dram.bandwidth_gb_per_s": 4800.0})
    asked = request().__class__(**{**vars(request()), "machine": machine})
    made = predict_report(ng.predict("llama-3-8b", machine, "w4a16-g128", 8, 512, 64), asked, "")
    assert table_of(made, "What if").rows[0][0].text == "dram.bandwidth_gb_per_s"
    assert {"h100-sxm", "h100-sxm (what if)"} <= set(made_names(made))


def made_names(report: Report) -> list[str]:
    comparison = next(plot for plot in report.plots() if plot.name == "comparison")
    return comparison.data["machine"].tolist()


def test_a_machine_that_is_no_gpu_has_a_report_without_what_only_gpus_have() -> None:
    question = ("llama-2-7b", "npu-neupims", "fp16", 4, 128, 16, 1, None, "analytic", False)
    made = predict_report(ng.predict(*question[:6]), check(*question), "")
    assert [plot.name for plot in made.plots()] == ["breakdown", "limits"]
    assert table_of(made, "Numbers of npu-neupims").rows


def test_the_best_points_are_those_of_the_results(swept: Report, folder: Path) -> None:
    frame = read_results(folder)
    best = table_of(swept, "The best points").rows
    place = table_of(swept, "The best points").columns.index("further token, ms")
    assert best[1][place].order == pytest.approx(frame["tpot_ms"].min())


def test_machines_and_schemes_are_compared_at_one_setting(folder: Path) -> None:
    chosen, fixed = alike(read_results(folder))
    assert not chosen.duplicated(["machine", "scheme"]).any()
    assert len(chosen) == 3  # an A100 has no fp8
    assert set(fixed) == {"batch", "input", "dram.bandwidth_gb_per_s"}
    assert all((chosen[name] == value).all() for name, value in fixed.items())


def test_what_is_held_fixed_leaves_one_parameter_free(folder: Path) -> None:
    frame = read_results(folder)
    rows = held(frame, alike(frame)[1], "batch")
    assert sorted(set(rows["batch"])) == [1, 8, 64]
    assert len(set(rows["input"])) == 1


def test_points_without_a_result_are_counted_by_reason(swept: Report, folder: Path) -> None:
    frame = read_results(folder)
    reasons = table_of(swept, "Points without a result").rows
    assert sum(row[0].order or 0 for row in reasons) == (frame["error"].astype(str) != "").sum() == 12


def test_a_sweep_says_from_which_code_fits_and_specifications_it_was_computed(swept: Report) -> None:
    hashes = table_of(swept, "SHA-256").rows
    assert {row[0].text for row in hashes} == {"code", "fits", "specifications"}
    assert "dram.bandwidth_gb_per_s" in words(swept)


def test_every_parameter_has_a_figure(swept: Report) -> None:
    names = [plot.name for plot in swept.plots() if plot.name.startswith("lines-")]
    assert names == ["lines-batch", "lines-input", "lines-dram-bandwidth-gb-per-s"]


def test_a_sweep_of_one_point_has_a_report(tmp_path: Path) -> None:
    run_sweep({"model": "llama-3-8b", "machine": "h100-sxm"}, tmp_path)
    assert "llama-3-8b: 1 point, all with a result." in html(sweep_report(tmp_path, ""))


def test_a_sweep_without_any_result_has_a_report_that_says_why(tmp_path: Path) -> None:
    run_sweep({"model": "llama-3-8b", "machine": "a100-sxm-80gb", "scheme": "fp8"}, tmp_path)
    made = sweep_report(tmp_path, "")
    assert [section.title for section in made.sections][1] == "Points without a result"


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no sweep"):
        sweep_report(tmp_path, "")


def test_a_validation_counts_its_promises_and_names_its_data() -> None:
    source = Source("gemm.parquet", "0" * 64, 100, "origin")
    made = validate_report(validation_table(), [source], "narrowgauge validate data")
    assert "2 sets have a promised error. 1 of 2 fall short." in words(made)
    assert len(table_of(made, "Mean absolute errors").rows) == 4
    assert table_of(made, "Measured data").rows[0][0].text == "gemm.parquet"


def test_a_reproduction_lists_every_figure_of_the_paper(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = CliRunner().invoke(main, ["reproduce", "systolic", "--html", str(page), "--quiet"])
    assert done.exit_code == 0
    assert page.read_text().count("last cycle") >= 4


def test_predict_writes_page_and_figures(tmp_path: Path) -> None:
    page, figures = tmp_path / "report.html", tmp_path / "figures"
    command = ["predict", "llama-3-8b", "--on", "h100-sxm", "--html", str(page), "--figures", str(figures)]
    assert CliRunner().invoke(main, command).exit_code == 0
    assert "llama-3-8b in bf16 on h100-sxm" in page.read_text()
    assert len(list(figures.iterdir())) == 15


def test_a_page_that_cannot_be_written_is_refused_before_the_sweep(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("model: llama-3-8b\nmachine: h100-sxm\n")
    command = ["sweep", str(file), "-o", str(tmp_path / "results"), "--html", str(tmp_path / "missing" / "report.html")]
    assert CliRunner().invoke(main, command).exit_code == 2
    assert not (tmp_path / "results").exists()
