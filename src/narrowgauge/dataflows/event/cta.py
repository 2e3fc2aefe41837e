"""A kernel as the event engine sees it: a grid of CTAs, each a short prologue, a loop of steps and an epilogue.

A family fills in this record from the mapping that its closed form chose and from the same calibrated numbers; `lower` turns
it into a task graph. Times are microseconds of the resource alone. A resource is either shared by the whole GPU ("dram",
"l2") or stands once in every SM ("l2_port", "cuda_core", "tensor_core"); "wait" is a latency that occupies nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from narrowgauge.dataflows.family import Array

SHARED = ("dram", "l2")
L2_PORT = "l2_port"
WAIT = "wait"
#: stages that bring data; everything else of a step works on it
LOADING = (*SHARED, L2_PORT, WAIT)


@dataclass(frozen=True)
class Stage:
    """One stage of a step."""

    resource: str
    us: float
    category: str
    #: starts together with the stage before it; the stage after waits for both
    beside: bool = False
    #: waits until its CTA is done with the whole step before
    serial: bool = False
    #: the next CTA does not wait for it (a write on its way to memory)
    posted: bool = False


@dataclass(frozen=True)
class Span:
    """Time before the first or after the last CTA, in which `resource` is busy for the whole GPU."""

    resource: str
    us: float
    category: str


@dataclass(frozen=True)
class CtaKernel:
    """One launch."""

    name: str
    #: steps of each CTA in launch order, a fraction being a shorter last step; they repeat every `period` CTAs
    steps: Array
    #: CTAs that share an SM
    resident: int
    #: steps whose loads may be in flight or in use at once
    depth: int
    stages: tuple[Stage, ...]
    prologue: tuple[Stage, ...] = ()
    epilogue: tuple[Stage, ...] = ()
    before: tuple[Span, ...] = ()
    after: tuple[Span, ...] = ()
    #: what energy is charged for, of the whole kernel
    actions: Mapping[str, float] = field(default_factory=dict)
    period: int = 1
    #: SMs share their units as if they were one, which is how kernels look that divide their work evenly
    pooled: bool = False

    @property
    def computes_from(self) -> int:
        """Which group of stages (those that start together are one) first works on what the step has loaded."""
        leaders = [stage for stage in self.stages if not stage.beside]
        return next(i for i, stage in enumerate(leaders) if stage.serial or stage.resource not in LOADING)
