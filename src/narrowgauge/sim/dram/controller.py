"""How a controller serves requests: mapping, row policy, queue, refresh. See docs/dram.md for the exact rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.sim.dram.standard import Standard

DEFAULTS = {
    "policy": "open",
    "queue_depth": 64,
    "row_hit_cap": 4,
    "row_ahead": True,
    "staggered_refresh": True,
    "refresh_yields": False,
}


class RowPolicy(StrEnum):
    """When a row that nobody waits for is closed: when another row of its bank is wanted, or at once."""

    OPEN = "open"
    CLOSED = "closed"


class Refresh(StrEnum):
    """Refresh of a whole rank, of one bank after the other, or none."""

    ALL_BANK = "all-bank"
    PER_BANK = "per-bank"
    NONE = "none"


@dataclass(frozen=True)
class Controller:
    """One controller for each channel, first ready first come first served over a queue of `queue_depth` requests.

    `row_hit_cap`: hits after which an older request to another row closes the row once nRAS is over. `max_outstanding`:
    requests between admission and the end of their data, 0 without a bound. `row_ahead`: rows are opened and closed for
    requests behind a barrier too. `staggered_refresh`: the ranks of a pseudo-channel take
    turns, else all at once. `refresh_yields`: requests go on while a refresh
    closes rows. `channels` holds for addresses."""

    mapping: str
    policy: RowPolicy = RowPolicy.OPEN
    refresh: Refresh = Refresh.ALL_BANK
    queue_depth: int = 64
    row_hit_cap: int = 4
    row_ahead: bool = True
    staggered_refresh: bool = True
    refresh_yields: bool = False
    max_outstanding: int = 0
    channels: int = 1

    @classmethod
    def of(cls, standard: Standard, **changes: str | int | bool | None) -> Controller:
        """The controller that the standard's table names, with the changes that are not None; raises InputError."""
        chosen: dict[str, Any] = {
            **DEFAULTS,
            **standard.controller,
            **{key: value for key, value in changes.items() if value is not None},
        }
        problems = []
        for name, kind in (("policy", RowPolicy), ("refresh", Refresh)):
            given = str(chosen.get(name, Refresh.ALL_BANK))
            if given not in tuple(kind):
                problems.append(Problem(name, f"unknown '{given}', {nearest(given, list(kind))}"))
            else:
                chosen[name] = kind(given)
        for name, least in (("queue_depth", 1), ("row_hit_cap", 1), ("max_outstanding", 0), ("channels", 1)):
            if int(chosen.get(name, least)) < least:
                problems.append(Problem(name, f"is {chosen[name]}, must be at least {least}"))
        if chosen.get("refresh") is Refresh.PER_BANK:
            problems += _per_bank_problems(standard)
        if problems:
            raise InputError(problems)
        return cls(**chosen)


def _per_bank_problems(standard: Standard) -> list[Problem]:
    """Why a standard cannot refresh bank after bank; between two refreshes of a rank at least one row cycle must fit."""
    if "REFpb" not in standard.commands:
        return [Problem("refresh", f"{standard.name} has no per-bank refresh; allowed: all-bank, none")]
    interval = standard.timing["nREFI"] // standard.organisation.banks
    needed = standard.timing["nRREFD"] + standard.timing["nRC"]
    if interval > needed:
        return []
    parts = f"nREFI / {standard.organisation.banks} banks = {interval} cycles leave no row cycle after nRREFD"
    return [Problem("refresh", f"{parts}: {needed} are needed; allowed: all-bank, none")]
