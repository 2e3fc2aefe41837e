"""What the runner asks of a GPU, and how a GPU says no. `_pycuda` is the real one; the tests have one of paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from narrowgauge.errors import NarrowgaugeError
from narrowgauge.kernels.bench import Array, Device, Launch, TensorMap
from narrowgauge.kernels.compile import Binary


class OutOfMemoryError(NarrowgaugeError):
    """The device has no room for an array; everything else goes on."""


class LaunchRefusedError(NarrowgaugeError):
    """The driver did not accept a kernel, a launch or a tensor map; everything else goes on."""


class DeviceLostError(NarrowgaugeError):
    """A kernel faulted or does not end: nothing more can be done with the device in this process."""


@dataclass(frozen=True)
class Properties:
    """What the driver says about the device, whatever it is doing."""

    name: str
    pci_bus_id: str
    architecture: str  #: "sm90" from compute capability 9.0
    sm_count: int
    memory_bytes: int
    l2_bytes: int
    max_shared_bytes: int  #: of one block, after opting in
    shared_bytes_per_sm: int
    registers_per_sm: int  #: of 32 bits
    max_threads_per_sm: int
    max_blocks_per_sm: int
    boost_clock_mhz: float
    memory_clock_mhz: float
    memory_bus_bits: int
    ecc: bool
    cuda: str  #: version that the driver supports

    @property
    def device(self) -> Device:
        """The part that benches may know."""
        return Device(self.architecture, self.sm_count, self.l2_bytes, self.memory_bytes, self.max_shared_bytes)


class Buffer(Protocol):
    """Memory of the device."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...


@dataclass(frozen=True)
class MapOver:
    """A tensor map as an argument: what one copy moves out of an array of the device."""

    buffer: Buffer
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    box: TensorMap


Argument = Buffer | MapOver | int | float


class Work(Protocol):
    """A prepared launch, or a captured graph of launches."""


class Backend(Protocol):
    """One device. All work goes into one stream, in order; only `elapsed_us` and `download` wait for it."""

    properties: Properties

    def free_bytes(self) -> int:
        """Memory that is not taken."""
        ...

    def allocate(self, size: int) -> Buffer:
        """Memory of the device; raises OutOfMemoryError."""
        ...

    def release(self, buffer: Buffer) -> None:
        """Give memory back."""
        ...

    def upload(self, buffer: Buffer, array: Array) -> None:
        """Copy a contiguous array of the same size to the device."""
        ...

    def download(self, buffer: Buffer, array: Array) -> None:
        """Wait for all work, then copy the buffer into a contiguous array of the same size. Raises DeviceLostError."""
        ...

    def poison(self, buffer: Buffer) -> None:
        """Set every byte to 0xFF: NaN as a float, -1 as an integer."""
        ...

    def flush_l2(self) -> None:
        """Write more memory than the L2 holds."""
        ...

    def prepare(self, binary: Binary, launch: Launch, arguments: Sequence[Argument]) -> Work:
        """Everything of a launch but the launch itself. Raises LaunchRefusedError."""
        ...

    def capture(self, works: Sequence[Work], rounds: int) -> Work:
        """One graph of all the works in order, `rounds` times over."""
        ...

    def discard(self, work: Work) -> None:
        """Give back what a graph holds."""
        ...

    def elapsed_us(self, works: Sequence[Work], rounds: int = 1) -> float:
        """Launch all works in order, `rounds` times over, and wait: the time between an event before and one after them.

        Raises LaunchRefusedError, or DeviceLostError where a kernel faults or does not end in time."""
        ...
