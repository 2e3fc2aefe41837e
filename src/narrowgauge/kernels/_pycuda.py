"""The device through PyCUDA. The only module that imports it; what PyCUDA lacks is in `driver`."""

from __future__ import annotations

import atexit
import ctypes
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from narrowgauge.errors import UnsupportedError
from narrowgauge.kernels.backend import (
    Argument,
    Buffer,
    DeviceLostError,
    MapOver,
    OutOfMemoryError,
    Properties,
    Work,
)
from narrowgauge.kernels.bench import Array, Launch
from narrowgauge.kernels.compile import Binary
from narrowgauge.kernels.driver import Driver, Prepared, prepared

_POISON = 0xFF
_FLUSH_FACTOR = 2  #: of the L2's size is written to flush it, as nvbench does
_DEADLINE_S = 10.0  #: no launch or batch of the suite takes a tenth of this
_POLL_S = 20e-6
_KHZ_PER_MHZ = 1e3
_US_PER_MS = 1e3


@dataclass(frozen=True)
class DeviceBuffer:
    """Memory that PyCUDA allocated."""

    allocation: Any
    size: int


@dataclass(frozen=True)
class Graph:
    """An executable graph and the launches whose parameters it was captured from."""

    handle: int
    launches: tuple[Prepared, ...]


def import_driver() -> Any:
    """`pycuda.driver`, initialised. Raises UnsupportedError that says what is missing: pycuda, the driver or a GPU."""
    try:
        import pycuda.driver as cuda
    except ImportError as error:
        if "libcuda" in str(error):
            raise UnsupportedError(f"no NVIDIA driver on this machine ({error}); `--dry-run` needs none") from error
        raise UnsupportedError(
            f"pycuda cannot be imported ({error}); install it with: pip install 'narrowgauge[gpu]' (it needs nvcc and a C++ "
            "compiler to build); `--dry-run` does without"
        ) from error
    try:
        cuda.init()
    except cuda.Error as error:
        raise UnsupportedError(f"no GPU can be used: {error}; `--dry-run` needs none") from error
    if cuda.Device.count() == 0:
        raise UnsupportedError("the driver sees no GPU; `--dry-run` needs none")
    return cuda


def _properties(cuda: Any, device: Any) -> Properties:
    attribute = cuda.device_attribute
    read = device.get_attribute
    major, minor = device.compute_capability()
    version = cuda.get_driver_version()
    return Properties(
        name=device.name(),
        pci_bus_id=device.pci_bus_id(),
        architecture=f"sm{major}{minor}",
        sm_count=read(attribute.MULTIPROCESSOR_COUNT),
        memory_bytes=device.total_memory(),
        l2_bytes=read(attribute.L2_CACHE_SIZE),
        max_shared_bytes=read(attribute.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
        shared_bytes_per_sm=read(attribute.MAX_SHARED_MEMORY_PER_MULTIPROCESSOR),
        registers_per_sm=read(attribute.MAX_REGISTERS_PER_MULTIPROCESSOR),
        max_threads_per_sm=read(attribute.MAX_THREADS_PER_MULTIPROCESSOR),
        max_blocks_per_sm=read(attribute.MAX_BLOCKS_PER_MULTIPROCESSOR),
        boost_clock_mhz=read(attribute.CLOCK_RATE) / _KHZ_PER_MHZ,
        memory_clock_mhz=read(attribute.MEMORY_CLOCK_RATE) / _KHZ_PER_MHZ,
        memory_bus_bits=read(attribute.GLOBAL_MEMORY_BUS_WIDTH),
        ecc=bool(read(attribute.ECC_ENABLED)),
        cuda=f"{version // 1000}.{version % 1000 // 10}",
    )


def _device(cuda: Any, ordinal: int) -> Any:
    if not 0 <= ordinal < cuda.Device.count():
        raise UnsupportedError(f"no GPU {ordinal}, the driver sees {cuda.Device.count()} and counts from 0")
    return cuda.Device(ordinal)


def device_properties(ordinal: int = 0) -> Properties:
    """What the driver says of a device; nothing is started on it. Raises UnsupportedError that says what is missing."""
    cuda = import_driver()
    return _properties(cuda, _device(cuda, ordinal))


class PycudaBackend:
    """A device by its ordinal, in its primary context and one stream."""

    def __init__(self, ordinal: int = 0) -> None:
        self._cuda = cuda = import_driver()
        device = _device(cuda, ordinal)
        self.properties = _properties(cuda, device)
        self._context = device.retain_primary_context()
        self._context.push()
        atexit.register(self._context.pop)  # PyCUDA aborts the interpreter when its stack of contexts is not empty
        self._driver = Driver()
        self._stream = cuda.Stream()
        self._begin, self._end = cuda.Event(), cuda.Event()
        self._flush = self.allocate(_FLUSH_FACTOR * max(self.properties.l2_bytes, 1))
        self._functions: dict[tuple[str, str, str], int] = {}
        self._modules: dict[tuple[str, str], int] = {}

    def free_bytes(self) -> int:
        """Memory that is not taken."""
        return int(self._cuda.mem_get_info()[0])

    def allocate(self, size: int) -> DeviceBuffer:
        """Memory of the device; raises OutOfMemoryError."""
        try:
            return DeviceBuffer(self._cuda.mem_alloc(size), size)
        except self._cuda.MemoryError as error:
            raise OutOfMemoryError(f"no room for {size:,} bytes, {self.free_bytes():,} are free") from error

    def release(self, buffer: Buffer) -> None:
        """Give memory back."""
        _own(buffer).allocation.free()

    def upload(self, buffer: Buffer, array: Array) -> None:
        """Copy a contiguous array of the same size to the device."""
        self._guard(self._cuda.memcpy_htod, _own(buffer).allocation, _bytes(array))

    def download(self, buffer: Buffer, array: Array) -> None:
        """Wait for all work, then copy the buffer into a contiguous array of the same size."""
        self._wait()
        self._guard(self._cuda.memcpy_dtoh, _bytes(array), _own(buffer).allocation)

    def poison(self, buffer: Buffer) -> None:
        """Set every byte to 0xFF."""
        self._guard(self._cuda.memset_d8_async, _own(buffer).allocation, _POISON, buffer.size, self._stream)

    def flush_l2(self) -> None:
        """Write twice the L2."""
        self._guard(self._cuda.memset_d8_async, self._flush.allocation, 0, self._flush.size, self._stream)

    def prepare(self, binary: Binary, launch: Launch, arguments: Sequence[Argument]) -> Prepared:
        """Load the kernel, allow its shared memory, and lay out its parameters."""
        key = (binary.source, binary.source_hash)
        if key not in self._modules:
            self._modules[key] = self._driver.load(binary.cubin)
        function = self._driver.function(self._modules[key], launch.entry, launch.shared_bytes)
        return prepared(function, launch.grid, launch.block, launch.shared_bytes, [self._value(a) for a in arguments])

    def _value(self, argument: Argument) -> Any:
        match argument:
            case int():
                return ctypes.c_int32(argument)
            case float():
                return ctypes.c_float(argument)
            case MapOver():
                address = int(_own(argument.buffer).allocation)
                return self._driver.tensor_map(address, argument.shape, argument.dtype, argument.box)
            case _:
                return ctypes.c_void_p(int(_own(argument).allocation))

    def capture(self, works: Sequence[Work], rounds: int) -> Graph:
        """One graph of all the works in order, `rounds` times over."""
        launches = tuple(work for work in works if isinstance(work, Prepared))
        return Graph(self._driver.capture(launches, rounds, self._stream.handle), launches)

    def discard(self, work: Work) -> None:
        """Give a graph back; a launch holds nothing of the device."""
        if isinstance(work, Graph):
            self._driver.drop_graph(work.handle)

    def elapsed_us(self, works: Sequence[Work], rounds: int = 1) -> float:
        """Launch all works in order, `rounds` times over, between two events, and wait."""
        self._guard(self._begin.record, self._stream)
        if all(isinstance(work, Prepared) for work in works):
            self._driver.launch([work for work in works if isinstance(work, Prepared)], rounds, self._stream.handle)
        else:
            for work in [work for work in works if isinstance(work, Graph)] * rounds:
                self._driver.replay(work.handle, self._stream.handle)
        self._guard(self._end.record, self._stream)
        self._wait()
        return float(self._guard(self._end.time_since, self._begin)) * _US_PER_MS

    def _wait(self) -> None:
        """Poll, so that a kernel that never ends cannot stop this process too."""
        deadline = time.monotonic() + _DEADLINE_S
        while not self._driver.idle(self._stream.handle):
            if time.monotonic() > deadline:
                raise DeviceLostError(f"the kernel did not end within {_DEADLINE_S:.0f} s")
            time.sleep(_POLL_S)

    def _guard(self, function: Any, *arguments: Any) -> Any:
        """Call PyCUDA; what goes wrong here is the fault of a kernel before, which any later call may answer."""
        try:
            return function(*arguments)
        except self._cuda.Error as error:
            raise DeviceLostError(str(error)) from error


def _own(buffer: Buffer) -> DeviceBuffer:
    if not isinstance(buffer, DeviceBuffer):
        raise TypeError(f"{buffer!r} is not of this device")
    return buffer


def _bytes(array: Array) -> Array:
    """The memory of an array of any element type, as PyCUDA can copy it."""
    return array.reshape(-1).view(np.uint8)
