"""The part of the CUDA driver that PyCUDA does not hand out: kernels by handle, launches without Python between them, tensor
maps and graphs. Calls libcuda through ctypes, in the context that is current."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from narrowgauge.kernels.backend import DeviceLostError, LaunchRefusedError, OutOfMemoryError
from narrowgauge.kernels.bench import TensorMap
from narrowgauge.kernels.host_build import host_library

_OUT_OF_MEMORY, _NOT_READY = 2, 600  # CUresult, cuda.h
#: errors after which a context answers nothing else: faults of a kernel, ECC, a time limit
_STICKY = frozenset({214, 700, 702, 710, 714, 715, 716, 717, 718, 719, 720})
_MAX_DYNAMIC_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
_CAPTURE_THREAD_LOCAL = 1  # CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
#: CUtensorMapDataType by numpy's name of the element
_ELEMENTS = {"uint8": 0, "int8": 0, "uint16": 1, "uint32": 2, "int32": 3, "float16": 6, "float32": 7, "bfloat16": 9}
_SWIZZLES = {0: 0, 32: 1, 64: 2, 128: 3}  # CUtensorMapSwizzle by bytes
_L2_PROMOTION_128B = 2
_MAP_BYTES, _MAP_ALIGNMENT = 128, 64

#: back-to-back launches from machine code, so that Python's own time does not stand between two kernels
_LOOP = r"""
struct Launch { void* function; unsigned grid, block, shared; void** parameters; };
typedef int (*LaunchKernel)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);

extern "C" int launch_all(LaunchKernel launch, const Launch* launches, int count, int rounds, void* stream) {
    for (int round = 0; round < rounds; ++round)
        for (int i = 0; i < count; ++i) {
            const Launch& l = launches[i];
            const int result = launch(l.function, l.grid, 1, 1, l.block, 1, 1, l.shared, stream, l.parameters, nullptr);
            if (result) return result;
        }
    return 0;
}
"""


class _LaunchRecord(ctypes.Structure):
    """`Launch` of the loop above."""

    _fields_ = (
        ("function", ctypes.c_void_p),
        ("grid", ctypes.c_uint),
        ("block", ctypes.c_uint),
        ("shared", ctypes.c_uint),
        ("parameters", ctypes.c_void_p),
    )


@dataclass(frozen=True)
class Prepared:
    """A launch with its parameters in memory that lives as long as this."""

    record: _LaunchRecord
    parameters: tuple[Any, ...]


def prepared(function: int, grid: int, block: int, shared: int, values: Sequence[Any]) -> Prepared:
    """A launch of `function` with ctypes values, or arrays that are passed by value, as its parameters."""
    addresses = [v.ctypes.data if isinstance(v, np.ndarray) else ctypes.addressof(v) for v in values]
    table = (ctypes.c_void_p * max(len(values), 1))(*addresses)
    return Prepared(_LaunchRecord(function, grid, block, shared, ctypes.addressof(table)), (table, *values))


class Driver:
    """Calls into libcuda; every method raises OutOfMemoryError, LaunchRefusedError or DeviceLostError as the driver answers."""

    def __init__(self) -> None:
        self._lib = ctypes.CDLL("libcuda.so.1")

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function of the driver and raise what it answers."""
        self.check(getattr(self._lib, name)(*arguments), name)

    def check(self, result: int, name: str) -> None:
        """Raise if `result` is an error."""
        if result == 0:
            return
        words = ctypes.c_char_p()
        self._lib.cuGetErrorString(result, ctypes.byref(words))
        message = f"{name}: {(words.value or b'unknown error').decode()} (error {result})"
        if result == _OUT_OF_MEMORY:
            raise OutOfMemoryError(message)
        raise (DeviceLostError if result in _STICKY else LaunchRefusedError)(message)

    def idle(self, stream: int) -> bool:
        """Whether all work of a stream is done."""
        result = int(self._lib.cuStreamQuery(ctypes.c_void_p(stream)))
        if result == _NOT_READY:
            return False
        self.check(result, "cuStreamQuery")
        return True

    def load(self, cubin: bytes) -> int:
        """Handle of a module."""
        module = ctypes.c_void_p()
        self.call("cuModuleLoadData", ctypes.byref(module), cubin)
        return int(module.value or 0)

    def function(self, module: int, entry: str, shared_bytes: int) -> int:
        """Handle of a kernel that may take `shared_bytes` of dynamic shared memory."""
        function = ctypes.c_void_p()
        self.call("cuModuleGetFunction", ctypes.byref(function), ctypes.c_void_p(module), entry.encode())
        self.call("cuFuncSetAttribute", function, _MAX_DYNAMIC_SHARED, shared_bytes)
        return int(function.value or 0)

    def tensor_map(self, address: int, shape: Sequence[int], dtype: np.dtype[Any], box: TensorMap) -> np.ndarray[Any, Any]:
        """The 128 bytes of a tiled tensor map over an array in C order."""
        sizes = list(reversed(shape))
        if len(sizes) != len(box.box) or dtype.name not in _ELEMENTS or box.swizzle_bytes not in _SWIZZLES:
            raise LaunchRefusedError(f"no tensor map of {dtype.name}{list(shape)} moves {box}")
        strides = [int(stride) for stride in np.cumprod([dtype.itemsize, *sizes[:-1]])[1:]]
        room = np.zeros(_MAP_BYTES + _MAP_ALIGNMENT, np.uint8)
        skip = -room.ctypes.data % _MAP_ALIGNMENT
        descriptor = room[skip : skip + _MAP_BYTES]
        rank = len(sizes)
        self.call(
            "cuTensorMapEncodeTiled",
            ctypes.c_void_p(descriptor.ctypes.data),
            ctypes.c_int(_ELEMENTS[dtype.name]),
            ctypes.c_uint32(rank),
            ctypes.c_void_p(address),
            (ctypes.c_uint64 * rank)(*sizes),
            (ctypes.c_uint64 * max(rank - 1, 1))(*strides),
            (ctypes.c_uint32 * rank)(*box.box),
            (ctypes.c_uint32 * rank)(*[1] * rank),
            ctypes.c_int(0),  # no interleave
            ctypes.c_int(_SWIZZLES[box.swizzle_bytes]),
            ctypes.c_int(_L2_PROMOTION_128B),
            ctypes.c_int(0),  # out of bounds reads as zero
        )
        return descriptor

    @cached_property
    def _launch_all(self) -> Any:
        return host_library(_LOOP).launch_all

    def launch(self, launches: Sequence[Prepared], rounds: int, stream: int) -> None:
        """All launches in order, `rounds` times over."""
        records = (_LaunchRecord * len(launches))(*[item.record for item in launches])
        result = self._launch_all(self._lib.cuLaunchKernel, records, len(launches), rounds, ctypes.c_void_p(stream))
        self.check(result, "cuLaunchKernel")

    def capture(self, launches: Sequence[Prepared], rounds: int, stream: int) -> int:
        """Handle of an executable graph of these launches."""
        graph, executable = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuStreamBeginCapture_v2", ctypes.c_void_p(stream), _CAPTURE_THREAD_LOCAL)
        try:
            self.launch(launches, rounds, stream)
        finally:
            self.call("cuStreamEndCapture", ctypes.c_void_p(stream), ctypes.byref(graph))
        self.call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, ctypes.c_ulonglong(0))
        self.call("cuGraphDestroy", graph)
        return int(executable.value or 0)

    def replay(self, graph: int, stream: int) -> None:
        """Launch a graph."""
        self.call("cuGraphLaunch", ctypes.c_void_p(graph), ctypes.c_void_p(stream))

    def drop_graph(self, graph: int) -> None:
        """Give a graph back."""
        self.call("cuGraphExecDestroy", ctypes.c_void_p(graph))
