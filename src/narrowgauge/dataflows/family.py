"""The contract of a kernel family, the noun that `price`, `predict`, `fit` and `validate` share.

A family turns columns of shapes into latencies by a closed form. It holds no constant of a machine: hardware numbers come
in a `GpuResources`, the few that only silicon can tell come in `params`, one dictionary per variant, fitted by `calibration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.registry import Registry

Array = npt.NDArray[Any]
Columns = Mapping[str, Array]


@dataclass(frozen=True)
class Variant:
    """What is compiled into a kernel rather than passed to it: number formats and the library that wrote it."""

    precision: str
    library: str

    def __str__(self) -> str:
        return f"{self.precision}/{self.library}"


@dataclass(frozen=True)
class Parameter:
    """One number that a fit determines: where the search starts, the physically possible range, unit and meaning.

    `log` searches the logarithm (for scale parameters that may span decades; needs `low` > 0)."""

    name: str
    initial: float
    low: float
    high: float
    unit: str
    meaning: str
    log: bool = False


@dataclass(frozen=True)
class KernelCost:
    """Columns of predicted cost, one entry per row of the input.

    `busy_us` holds the time that each resource alone would need ("tensor_core", "cuda_core", "dram", "l2", "smem", "link")
    and the "launch" time that no resource works in; `actions` counts what energy is charged for ("dram_byte", "mac_fp16", ...);
    `choice` records the mapping that was chosen ("tile_m", "split_k", ...)."""

    latency_us: Array
    busy_us: Mapping[str, Array]
    actions: Mapping[str, Array]
    choice: Mapping[str, Array]

    def busiest(self) -> Array:
        """Place in `busy_us` of the busiest resource of each row."""
        return np.asarray(np.argmax(np.stack(list(self.busy_us.values())), axis=0))

    def bound_by(self) -> Array:
        """Name of the busiest resource of each row."""
        return np.array(list(self.busy_us))[self.busiest()]


class KernelFamily(Protocol):
    """One closed form. `columns` are the integer columns that a row must have; rows that agree in `group` are left out together
    in validation (a shape must not teach about itself)."""

    name: str
    columns: tuple[str, ...]
    group: tuple[str, ...]

    def parameters(self, variant: Variant, gpu: GpuResources) -> tuple[Parameter, ...]:
        """What a fit determines for this variant. The initial values are a usable, unfitted default."""
        ...

    def cost(self, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> KernelCost:
        """Closed-form cost of every row; raises UnsupportedError with the reason if the GPU cannot run the variant."""
        ...

    def roofline_us(self, rows: Columns, variant: Variant, gpu: GpuResources) -> Array:
        """Baseline: the larger of compulsory bytes over the DRAM pins and work over the multipliers' or ALUs' peak."""
        ...

    def features(self, rows: Columns, variant: Variant, gpu: GpuResources, cost: KernelCost) -> dict[str, Array]:
        """Named columns that a learned residual may look at."""
        ...

    def size_class(self, rows: Columns) -> Array:
        """Small integer per row, the bucket in which errors and intervals are reported."""
        ...


FAMILIES: Registry[KernelFamily] = Registry("kernel family")
