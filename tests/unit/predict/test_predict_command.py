"""`narrowgauge predict`, and the names that `import narrowgauge` offers."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import narrowgauge
from narrowgauge.cli.predict import predict as command

HEAVY = ("pandas", "sklearn", "numba", "pyarrow", "scipy", "matplotlib")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_answer_comes_first_and_the_reasons_after() -> None:
    text = run("llama-3-8b", "--on", "a100-sxm-80gb", "--scheme", "w4a16")
    assert text.index("First token") < text.index("Decode is bound by") < text.index("mlp.gate_up  ")
    assert "assumed" in text


def test_the_text_fits_a_terminal_of_80_columns() -> None:
    assert max(map(len, run("mixtral-8x7b", "--on", "h100-sxm", "--scheme", "fp8", "--tp", "2").splitlines())) <= 80


def test_json_to_standard_output_is_nothing_but_json() -> None:
    data = json.loads(run("llama-3-8b", "--on", "a100-sxm-80gb", "--json", "-"))
    assert data["ttft_ms_low"] < data["ttft_ms"] < data["ttft_ms_high"]


def test_json_to_a_file_comes_beside_the_text(tmp_path) -> None:
    target = tmp_path / "answer.json"
    assert "First token" in run("llama-3-8b", "--on", "a100-sxm-80gb", "--json", str(target))
    assert json.loads(target.read_text())["manifest"]["model"] == "llama-3-8b"


@pytest.mark.parametrize("arguments", [["llama-3-8b"], ["llama-3-8b", "--on", "a100-sxm-80gb", "--xml", "x.xml"]])
def test_wrong_use_ends_with_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_wrong_input_ends_with_exit_code_2_and_no_trace() -> None:
    script = "from narrowgauge.cli import main; main(['predict', 'llama-3-70b', '--on', 'a100-sxm-80gb'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "GB are missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_prediction_imports_no_heavy_package() -> None:
    script = (
        "import sys\n"
        "from narrowgauge.cli.predict import predict\n"
        "predict.main(['llama-3-8b', '--on', 'h100-sxm', '--scheme', 'fp8'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_every_public_name_is_there() -> None:
    for name in narrowgauge.__all__:
        assert getattr(narrowgauge, name) is not None


def test_importing_narrowgauge_imports_nothing_else() -> None:
    script = "import sys, narrowgauge; print([m for m in sys.modules if m.startswith('narrowgauge.')], 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="predikt"):
        _ = narrowgauge.predikt


def test_five_lines_from_import_to_a_result() -> None:
    machine = narrowgauge.load_machine("a100-sxm-80gb")
    answer = narrowgauge.predict("llama-3-8b", on=machine, scheme="w4a16", batch=8)
    assert answer.breakdown[0]["operator"] == "embed"
