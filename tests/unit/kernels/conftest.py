"""A folder of CUDA sources and a cache of its own, in place of the package's and the user's."""

from pathlib import Path

import pytest

from narrowgauge.kernels import sources


@pytest.fixture
def cu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that stands in for `cu/`; the cache is empty too."""
    folder = tmp_path / "cu"
    folder.mkdir()
    monkeypatch.setattr(sources, "FOLDER", folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder
