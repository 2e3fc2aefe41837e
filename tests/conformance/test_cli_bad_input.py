"""Does bad input, whatever it is, end in one clear error and exit code 2, without a traceback and without an answer?"""

from pathlib import Path

import pytest
from cli_material import make
from click.testing import CliRunner, Result

from narrowgauge.cli import main

#: command lines in which FILE stands for the bad file or folder
WITH_A_FILE = {
    "model": "predict FILE --on h100-sxm",
    "hardware": "predict gpt2 --on FILE",
    "fits": "predict gpt2 --on h100-sxm --fits FILE",
    "json": "predict gpt2 --on h100-sxm --json FILE",
    "table": "price FILE -o out.csv --on h100-sxm",
    "losses": "codesign llama-3-8b FILE --on h100-sxm --memory-gb 9",
    "table's hardware": "price kernels.csv -o out.csv --on FILE",
    "sweep": "sweep FILE -o out",
    "results": "results FILE",
    "data": "fit FILE -o out",
    "data to score": "validate FILE",
    "records": "fit --measurements FILE -o out",
    "requests": "memory hbm2 --replay FILE",
    "specification": "show FILE",
}
BYTES = bytes(range(256)) * 4
#: name: what the file holds; None: a folder; absent files are not made
BAD_FILES: dict[str, bytes | None] = {
    "binary.yaml": BYTES,
    "binary.csv": BYTES,
    "binary.parquet": BYTES,
    "binary.json": BYTES,
    "empty.yaml": b"",
    "empty.csv": b"",
    "empty.json": b"",
    "list.yaml": b"- 1\n- 2\n",
    "list.json": b"[1, 2]",
    "deep.json": b"[" * 5000,
    "folder.yaml": None,
    "folder": None,
}
ABSENT = ("absent.yaml", "absent/absent.json")
#: faults of values: the line, and a word that the error has to hold
WRONG_VALUES = {
    "predict gpt2 --on h100-sxm --batch 0": "batch",
    "predict gpt2 --on h100-sxm --batch x": "'--batch'",
    "predict gpt2 --on h100-sxm --input 9999999999999999999": "input_tokens",
    "predict gpt2 --on h100-sxm --output -1": "output_tokens",
    "predict gpt2 --on h100-sxm --tp 7": "tp",
    "predict gpt2 --on h100-sxm --scheme w0a0": "w0a0",
    "predict gpt2 --on h100-sxm --override dram.bandwidth_gb_per_s=nan": "dram.bandwidth_gb_per_s",
    "predict gpt2 --on h100-sxm --override dram.bandwidth_gb_per_s=-1": "dram.bandwidth_gb_per_s",
    "predict gpt2 --on h100-sxm --override =": "--override",
    "predict gpt2 --on h100-sxm --json nowhere/a.json": "nowhere",
    "predict gpt2 --on h100-sxm --trace nowhere/a.json": "nowhere",
    "predict gpt2 --on": "--on",
    "predict gpt2": "narrowgauge list machines",
    "predict": "narrowgauge list models",
    "price kernels.csv -o out.xlsx --on h100-sxm": ".xlsx",
    "price kernels.csv -o nowhere/out.csv --on h100-sxm": "nowhere",
    "price kernels.csv -o out.csv --on h100-sxm --fidelity even": "'event'",
    "price kernels.csv -o out.csv --on h100-sxm --trace t.json": "--fidelity event",
    "sweep sweep.yaml -o out --jobs 0": "'--jobs'",
    "sweep sweep.yaml -o out --executor spark": "spark",
    "sweep sweep.yaml -o sweep.yaml": "sweep.yaml",
    "memory hbm9": "hbm",
    "map 16x8 --on h100-sxm": "MxNxK",
    "map 16x8x8 --on h100-sxm --tile 8x0x8": "--tile",
    "map 64x64x64 --on h100-sxm --objective speed": "latency, energy, edp",
    "codesign llama-3-8b sensitivities.csv --on h100-sxm": "budget",
    "codesign llama-3-8b sensitivities.csv --on h100-sxm --memory-gb 0": "'--memory-gb'",
    "memory hbm2 --override tRX=1": "tRX",
    "show h100-sxmm": "h100-sxm",
    "list machine": "'machines'",
    "measure --dry-run --suite some": "quick, full",
    "measure": "give -o DIR",
    "fit": "'-o'",
    "fit -o out": "--measurements",
    "validate": "--measurements",
    "reproduce systolicc": "'systolic'",
    "reproduce systolic --m none": "whole number",
    "completion csh": "'zsh'",
    "predictt": "'predict'",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, content in BAD_FILES.items():
        if content is None:
            (tmp_path / name).mkdir()
        else:
            (tmp_path / name).write_bytes(content)
    return tmp_path


def run(line: str) -> Result:
    return CliRunner().invoke(main, line.split())


def assert_refused(result: Result, line: str) -> None:
    assert result.exit_code == 2, f"{line}: {result.exit_code}\n{result.output}"
    assert result.stdout == "", line
    assert result.stderr.startswith("error: "), f"{line}\n{result.stderr}"
    assert "Traceback" not in result.stderr and "a fault in narrowgauge" not in result.stderr, line


@pytest.mark.parametrize("line", WITH_A_FILE.values(), ids=WITH_A_FILE)
def test_a_file_that_is_none_of_the_kind_is_refused(line: str, folder: Path) -> None:
    before = {path.relative_to(folder) for path in folder.rglob("*")}
    for name in (*BAD_FILES, *ABSENT):
        if "--json FILE" in line and BAD_FILES.get(name) is not None:
            continue  # a file that is there is written over
        assert_refused(run(line.replace("FILE", name)), f"{line} {name}")
    assert {path.relative_to(folder) for path in folder.rglob("*")} == before, "something was written"


@pytest.mark.parametrize(("line", "words"), WRONG_VALUES.items(), ids=WRONG_VALUES)
def test_a_wrong_value_is_named(line: str, words: str, folder: Path) -> None:
    result = run(line)
    assert_refused(result, line)
    assert words in result.stderr
