"""The ways to time a launch: each takes samples of one prepared point, microseconds per launch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from narrowgauge.kernels.backend import Backend, Work
from narrowgauge.kernels.bench import Timing
from narrowgauge.kernels.residents import Residents

_MOST_NODES = 2000  #: of one graph; more take longer to build than to run


class Sampler(Protocol):
    """Takes samples of one point."""

    @property
    def launches(self) -> int:
        """Launches of one sample."""
        ...

    def sample(self) -> float:
        """Microseconds of one launch; the outputs were poisoned before it and hold its result."""
        ...

    def close(self) -> None:
        """Give back what the sampler holds."""
        ...


@dataclass(frozen=True)
class Single:
    """One launch between two events; `flush` empties the L2 before it. Also serves where the kernel times itself."""

    backend: Backend
    residents: Residents
    work: Work
    flush: bool
    launches: int = 1

    def sample(self) -> float:
        """One launch."""
        self.residents.poison(self.backend)
        if self.flush:
            self.backend.flush_l2()
        return self.backend.elapsed_us([self.work])

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class Repeated:
    """Back-to-back launches that rotate through copies of the inputs, as single launches or replayed from one graph."""

    backend: Backend
    residents: Residents
    works: Sequence[Work]
    rounds: int
    launches: int  #: of one sample

    def sample(self) -> float:
        """One batch, divided by its launches."""
        self.residents.poison(self.backend)
        return self.backend.elapsed_us(self.works, self.rounds) / self.launches

    def close(self) -> None:
        """Drop the graph."""
        for work in self.works:
            self.backend.discard(work)


def sampler(timing: Timing, backend: Backend, residents: Residents, works: Sequence[Work], batch_us: float) -> Sampler:
    """The sampler of a timing; `works` has one launch per copy of the rotating inputs, a batch lasts about `batch_us`."""
    if timing in (Timing.CLOCK, Timing.COLD):
        return Single(backend, residents, works[0], timing is Timing.COLD)
    once_us = backend.elapsed_us(works)
    rounds = max(1, math.ceil(batch_us / once_us))
    if timing is not Timing.GRAPH:
        return Repeated(backend, residents, works, rounds, rounds * len(works))
    rounds = max(1, min(rounds, _MOST_NODES // len(works)))
    return Repeated(backend, residents, [backend.capture(works, rounds)], 1, rounds * len(works))
