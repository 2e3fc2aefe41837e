"""Does a campaign go on in a new process after a kernel took the old one along?"""

import os
from pathlib import Path

import pytest

from narrowgauge.errors import NarrowgaugeError
from narrowgauge.kernels.supervisor import LOST, supervised

os_exit = os._exit  # pickled by name, so the child needs no test module


def grown(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def test_the_exit_code_is_passed_on() -> None:
    assert supervised(os_exit, (3,), lambda: 0) == 3


def test_without_progress_a_lost_device_ends_the_campaign() -> None:
    with pytest.raises(NarrowgaugeError, match="lost the device before it had measured anything"):
        supervised(os_exit, (LOST,), lambda: 0)


def test_a_process_that_is_killed_ends_the_campaign_likewise() -> None:
    with pytest.raises(NarrowgaugeError, match="was ended by signal 6"):
        supervised(os.abort, (), lambda: 0)


def test_with_progress_the_next_process_goes_on() -> None:
    sizes = iter([0, 10, 10, 20, 20, 20])
    with pytest.raises(NarrowgaugeError):
        supervised(os_exit, (LOST,), lambda: next(sizes))
    assert list(sizes) == []
