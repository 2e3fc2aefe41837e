"""Small sweeps for the tests of this folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL: dict[str, Any] = {
    "model": "gpt2",
    "machine": ["a100-sxm-80gb", "h100-sxm"],
    "scheme": ["bf16", "w4a16-g128"],
    "batch": [1, 2, 4],
    "input": 64,
    "output": 4,
}


@pytest.fixture
def small() -> dict[str, Any]:
    return dict(SMALL)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """A sweep file with that text."""

    def write(text: str) -> Path:
        path = tmp_path / "sweep.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
