"""Folders of CUDA sources and a cache of their own, in place of the package's and the user's."""

import shutil
from pathlib import Path

import paper_gpu
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


@pytest.fixture(scope="session")
def _paper_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernel of the paper bench beside those that every campaign needs, and a cache, shared by the tests of a session."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "cu").mkdir()
    for name in ("bench.cuh", "clock_probe.cu"):
        shutil.copy(sources.FOLDER / name, folder / "cu" / name)
    (folder / "cu" / "scale.cu").write_text(paper_gpu.SOURCE)
    return folder


@pytest.fixture
def paper_sources(_paper_sources: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`cu/` holds the kernel of `paper_gpu.Scale`."""
    monkeypatch.setattr(sources, "FOLDER", _paper_sources / "cu")
    monkeypatch.setenv("XDG_CACHE_HOME", str(_paper_sources / "cache"))
    return _paper_sources / "cu"
