"""A campaign runs in a process of its own: a kernel that faults or hangs takes that process along, and the next one goes on."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

from narrowgauge.errors import NarrowgaugeError

LOST = 75  #: exit code of a process that lost the device and recorded the point that did it


def leave_device() -> None:
    """End this process at once: with a device that does not answer, an orderly exit may never return."""
    os._exit(LOST)


def supervised(target: Callable[..., Any], arguments: tuple[Any, ...], progress: Callable[[], int]) -> int:
    """Run `target` in a new process, and again as long as it loses the device after `progress()` has grown. Its exit code.

    Raises NarrowgaugeError where a process died without getting further than the one before."""
    context = multiprocessing.get_context("spawn")
    while True:
        before = progress()
        process = context.Process(target=target, args=arguments)
        process.start()
        process.join()
        code = process.exitcode or 0
        if code >= 0 and code != LOST:
            return code
        if progress() == before:
            ended = "lost the device" if code == LOST else f"was ended by signal {-code}"
            raise NarrowgaugeError(f"the measuring process {ended} before it had measured anything; see `nvidia-smi` and `dmesg`")
