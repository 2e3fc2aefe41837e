"""Has a result changed since somebody last looked? `make golden` rewrites the files and shows the difference."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("script", ["prices.py", "readme.py", "reproductions.py", "examples.py"])
def test_results_are_as_recorded(script: str) -> None:
    command = [sys.executable, str(Path(__file__).with_name(script))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nif the change is meant: make golden"
