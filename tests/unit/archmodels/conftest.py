"""A small way to write a specification file that differs from a shipped one."""

from collections.abc import Callable
from pathlib import Path

import pytest

Writer = Callable[[str], Path]


@pytest.fixture
def spec_file(tmp_path: Path) -> Writer:
    """Writes a YAML file named mine.yaml and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
