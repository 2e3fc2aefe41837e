"""Progress of long work: one line on standard error with count, rate and time left."""

from __future__ import annotations

import sys
import time

import click

from narrowgauge.cli import voice

PATIENCE_S = 2.0  # work that takes longer reports its progress
REPORT_EVERY_S = 5.0  # where lines pile up, as in a file
_WIDTH = 78  # of the line that is overwritten


class Progress:
    """Called with how many are done and how many there are: `sweep: 1,200 of 50,000 points, 90,000 per minute, 33 s left`.

    What the first call finds done was there before. On a terminal the line is overwritten; quiet commands have none."""

    def __init__(self, what: str, unit: str) -> None:
        self._what, self._unit = what, unit
        self._started = self._reported = time.monotonic()
        self._before, self._done, self._total = 0, 0, 0
        self._first = True
        self._shown = False
        self._overwrite = sys.stderr.isatty()
        self._silent = voice.level() == voice.Level.QUIET

    @property
    def count(self) -> str:
        """How many are done, in words."""
        return f"{self._done:,} of {self._total:,} {self._unit}"

    def __call__(self, done: int, total: int) -> None:
        """Take note, and report if it is time to."""
        now = time.monotonic()
        if self._first:
            self._first, self._before, self._started = False, done, now
        self._done, self._total = done, total
        pause = REPORT_EVERY_S if self._shown and not self._overwrite else 0.0
        if self._silent or now - self._started < PATIENCE_S or now - self._reported < pause:
            return
        self._reported, self._shown = now, True
        rate = (done - self._before) / (now - self._started)
        left = f", {rate * 60:,.0f} per minute, {(total - done) / rate:,.0f} s left" if rate else ""
        line = f"{self._what}: {self.count}{left}"
        click.echo(f"\r{line:<{_WIDTH}}" if self._overwrite else line, err=True, nl=not self._overwrite)

    def close(self) -> None:
        """End the line."""
        if self._shown and self._overwrite:
            click.echo(err=True)
            self._shown = False
