"""Do the commands print, write and exit as they say?"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from narrowgauge.cli import main

FILE = """\
model: gpt2
machine: [a100-sxm-80gb, h100-sxm]
scheme: [bf16, w4a16-g128]
batch: {powers_of_two: [1, 8]}
input: 64
columns: {per_gb: output_tokens_per_s / memory_gb}
"""


@pytest.fixture
def done(tmp_path: Path) -> Path:
    """A folder with the results of FILE, beside it."""
    (tmp_path / "sweep.yaml").write_text(FILE)
    result = run("sweep", str(tmp_path / "sweep.yaml"), "-o", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    return tmp_path / "out"


def run(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


def test_a_sweep_says_what_it_did(done):
    again = run("sweep", str(done.parent / "sweep.yaml"), "-o", str(done))
    assert again.exit_code == 0
    assert "16 points in" in again.stdout and "0 computed" in again.stdout and "16 were there" in again.stdout


def test_a_dry_run_counts_and_writes_nothing(tmp_path):
    (tmp_path / "sweep.yaml").write_text(FILE)
    result = run("sweep", str(tmp_path / "sweep.yaml"), "-o", str(tmp_path / "out"), "--dry-run", "--json", "-")
    assert json.loads(result.stdout)["missing"] == 16 and not (tmp_path / "out").exists()


def test_points_without_a_result_are_exit_code_1(tmp_path):
    (tmp_path / "sweep.yaml").write_text("model: llama-3-70b\nmachine: [a100-sxm-80gb]\n")
    result = run("sweep", str(tmp_path / "sweep.yaml"), "-o", str(tmp_path / "out"), "--json", "-")
    assert result.exit_code == 1 and json.loads(result.stdout)["failed"] == 1


def test_a_wrong_file_is_exit_code_2_with_its_lines(tmp_path):
    (tmp_path / "sweep.yaml").write_text("model: gpt\nmachine: a100\n")
    result = run("sweep", str(tmp_path / "sweep.yaml"), "-o", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "sweep.yaml:1: model" in result.stderr and "sweep.yaml:2: machine" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--executor", "slurm"], "unknown executor 'slurm', allowed: local, dask, ray"),
        (["--address", "tcp://x"], "belongs to --executor dask or ray"),
    ],
)
def test_an_executor_that_is_none_is_said(tmp_path, options, words):
    (tmp_path / "sweep.yaml").write_text(FILE)
    result = run("sweep", str(tmp_path / "sweep.yaml"), "-o", str(tmp_path / "out"), *options)
    assert result.exit_code == 2 and words in result.stderr


def test_ctrl_c_keeps_what_is_finished(tmp_path):
    (tmp_path / "sweep.yaml").write_text(
        "model: gpt2\nmachine: h100-sxm\nbatch: {range: [1, 3000]}\ninput: {range: [100, 130]}\n"
    )
    code = "from narrowgauge.experiments.sweep import run\nrun.LONGEST_PIECE_S = 0.01\nfrom narrowgauge.cli import main\nmain()"
    command = [sys.executable, "-c", code, "sweep", str(tmp_path / "sweep.yaml"), "-o", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list((tmp_path / "out").glob("shards/*.parquet")):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in errors and "points are kept" in errors and "Traceback" not in errors


def test_results_print_parameters_that_differ_and_what_was_asked_for(done):
    result = run("results", str(done), "--sort", "latency")
    assert result.exit_code == 0
    header = result.stdout.splitlines()[1].split()
    assert header[:4] == ["machine", "scheme", "batch", "latency_ms"]
    assert "per_gb" in result.stdout


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json"])
def test_results_are_written_whole(done, tmp_path, suffix):
    target = tmp_path / f"table{suffix}"
    assert run("results", str(done), "--where", "batch > 1", "-o", str(target)).exit_code == 0
    read = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".json": pd.read_json}[suffix]
    table = read(target)
    assert len(table) == 12 and {"latency_ms_low", "latency_ms_high", "per_gb", "own_share"} <= set(table.columns)


def test_a_front_comes_with_its_near_ties(done):
    result = run("results", str(done), "--pareto", "latency,energy", "--json", "-")
    assert "on the front" in result.stderr and "inside their intervals" in result.stderr
    assert 1 <= len(json.loads(result.stdout)) <= 16


def test_a_pivot_is_printed(done):
    result = run("results", str(done), "--where", "machine == 'h100-sxm'", "--pivot", "batch,scheme,tpot")
    assert result.stdout.splitlines()[1].split() == ["batch", "bf16", "w4a16-g128"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--where", "bach > 1"], "did you mean 'batch'"),
        (["--where", "__import__('os')"], "no function '__import__'"),
        (["--pivot", "batch,scheme"], "ROW,COL,VALUE"),
        (["-o", "table.txt"], "is no table; allowed: .csv, .parquet, .json"),
        (["--sort", "nothing"], "is not there"),
    ],
)
def test_wrong_questions_are_exit_code_2(done, options, words):
    result = run("results", str(done), *options)
    assert result.exit_code == 2 and words in result.stderr


def test_a_folder_without_results_is_exit_code_2(tmp_path):
    assert run("results", str(tmp_path)).exit_code == 2
