"""Runs the kernels of a bench on the CPU, from the source that the GPU gets, and applies the bench's own check.

`cu/host_device.cuh` makes every CUDA thread a coroutine and does by the letter of the PTX ISA what a warp does together. It is
slow, keeps no time and finds what a compiler cannot: wrong indices and fragment layouts, barriers that not all threads reach,
copies that are read before they have landed."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import numpy as np

from narrowgauge.errors import NarrowgaugeError
from narrowgauge.kernels.bench import Array, Bench, Check, Device, Launch, Operands, Point, TensorMap
from narrowgauge.kernels.host_build import host_library

_CLOCK_BYTES = 40  # struct Clock of bench.cuh
_POISON = 0xFF
_ARGUMENTS = 12
_INT32 = 0xFFFFFFFF


class _TensorMap(ctypes.Structure):
    """`host::TensorMap` of hopper.cuh: a byte matrix and the box that one copy moves."""

    _fields_ = (
        ("array", ctypes.c_void_p),
        ("rows", ctypes.c_int),
        ("row_bytes", ctypes.c_int),
        ("box_rows", ctypes.c_int),
        ("box_bytes", ctypes.c_int),
    )


class HostDeviceError(NarrowgaugeError):
    """The kernel broke a rule of CUDA; the message says which."""


def run_on_host(bench: Bench, point: Point, device: Device, rng: np.random.Generator, *, late_copies: bool = True) -> Check:
    """Launch one point on the CPU and check its result.

    `late_copies`: asynchronous copies land when they are waited for; otherwise at once, which shows a buffer that is overwritten
    too early. Raises HostDeviceError; UnsupportedError and CompileError as `host_library` does."""
    operands = bench.operands(point, device, rng)
    launch = bench.launch(point, device)
    outputs = {name: _poisoned(shape, dtype) for name, (shape, dtype) in operands.outputs.items()}
    _launch(bench.source, launch, operands, outputs, late_copies=late_copies)
    return bench.check(point, device, operands.inputs, outputs)


def _poisoned(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
    array = np.empty(shape, dtype)
    array.view(np.uint8)[...] = _POISON
    return array


def _launch(source: str, launch: Launch, operands: Operands, outputs: Mapping[str, Array], *, late_copies: bool) -> None:
    library = host_library(f'#include "{source}"\n')
    clocks = np.zeros(launch.grid * _CLOCK_BYTES, dtype=np.uint8)
    arrays = {**{name: np.ascontiguousarray(array) for name, array in operands.inputs.items()}, **outputs, "clocks": clocks}
    maps = {name: _map_over(arrays[box.array], box) for name, box in launch.tensor_maps.items()}
    addresses = {name: array.ctypes.data for name, array in arrays.items()} | {n: ctypes.addressof(m) for n, m in maps.items()}
    values = [addresses[a] if isinstance(a, str) else int(a) & _INT32 for a in launch.arguments]
    packed = (ctypes.c_uint64 * _ARGUMENTS)(*values)
    library.host_launch.restype = ctypes.c_char_p
    kernel = ctypes.cast(getattr(library, launch.entry), ctypes.c_void_p)
    fault = library.host_launch(kernel, launch.grid, launch.block, int(late_copies), packed, len(values))
    if fault is not None:
        raise HostDeviceError(f"{launch.entry}: {fault.decode()}")


def _map_over(array: Array, box: TensorMap) -> _TensorMap:
    """Two-dimensional boxes of bytes, swizzled over their whole width: what the kernels here use."""
    rows, row_bytes = array.shape[0], array.shape[1] * array.itemsize
    box_bytes, box_rows = box.box[0] * array.itemsize, box.box[1]
    if box.swizzle_bytes != box_bytes:
        raise HostDeviceError(f"boxes of {box_bytes} bytes with a swizzle of {box.swizzle_bytes} are not known on the CPU")
    return _TensorMap(array.ctypes.data, rows, row_bytes, box_rows, box_bytes)
