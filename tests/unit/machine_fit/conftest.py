"""Records of paper boards, written once."""

from pathlib import Path

import paper_records
import pytest

from narrowgauge.calibration.machine.board import Board, read_board


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quick suite on a board that names itself A100."""
    folder = tmp_path_factory.mktemp("quick")
    paper_records.PaperBoard().write(folder)
    return folder


@pytest.fixture(scope="session")
def a100(quick: Path) -> Board:
    return read_board(quick, None)


@pytest.fixture(scope="session")
def h100(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """The full suite on a board that names itself H100."""
    folder = tmp_path_factory.mktemp("full")
    paper_records.PaperBoard(paper_records.H100).write(folder, "full")
    return read_board(folder, None)
