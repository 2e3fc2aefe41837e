"""One writer per folder: a lock that the operating system drops when its holder ends, however it ends.

The lock file names its holder (host, process, start), for the message that the second one reads. A file that nobody holds, left
by a process that was killed, is taken over.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from narrowgauge.errors import InputError, Problem

FILE = "lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder. Raises InputError that names the holder if somebody else has it, and one that says why if the
    folder cannot be written."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InputError([Problem(str(folder), f"cannot be written: {error.strerror}")]) from None
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError([Problem(str(path.parent), f"is in use by {_holder(path)}; wait, or choose another folder")]) from None
    except OSError as error:  # a file system without locks
        raise InputError([Problem(str(path), f"cannot be locked: {error.strerror}; choose a folder on another disk")]) from None
    holder = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
