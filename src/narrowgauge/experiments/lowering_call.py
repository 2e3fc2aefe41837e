"""What an operator of a graph becomes: a kernel that is priced."""

from __future__ import annotations

from dataclasses import dataclass

from narrowgauge.dataflows.family import Variant


@dataclass(frozen=True, slots=True)
class Call:
    """A kernel that runs `count` times in a pass. `quantizes` is the line of the quantise kernel that its price contains
    (and that moves `quantize_bytes`)."""

    operator: str
    family: str
    variant: Variant
    row: tuple[float, ...]
    count: int
    quantizes: str = ""
    quantize_bytes: float = 0.0
    strips_quantize: bool = False
