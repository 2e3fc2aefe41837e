"""Does the line of progress come when it should, and say what is left?"""

import pytest

from narrowgauge.cli import progress
from narrowgauge.cli.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that shows its only entry."""
    shown = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: shown[0])
    return shown


def test_short_work_is_silent(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    line = Progress("sweep", "points")
    line(0, 100)
    clock[0] = progress.PATIENCE_S / 2
    line(100, 100)
    line.close()
    assert capsys.readouterr().err == ""


def test_long_work_tells_rate_and_time_left_of_what_was_new(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    line = Progress("sweep", "points")
    line(100, 400)
    clock[0] = 10.0
    line(200, 400)
    assert capsys.readouterr().err == "sweep: 200 of 400 points, 600 per minute, 20 s left\n"


def test_lines_in_a_file_are_far_between(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    line = Progress("price", "rows")
    for done in range(30):
        clock[0] = float(done)
        line(done, 30)
    assert len(capsys.readouterr().err.splitlines()) == 6
