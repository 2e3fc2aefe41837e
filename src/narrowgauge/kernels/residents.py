"""The arrays of one point on the device: inputs with their rotating copies, outputs, clock records; freed together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels.backend import Argument, Backend, Buffer, DeviceLostError, MapOver, OutOfMemoryError
from narrowgauge.kernels.bench import Array, Launch, Operands
from narrowgauge.kernels.records import CLOCK
from narrowgauge.kernels.signature import CLOCKS


@dataclass(frozen=True)
class Residents:
    """Arrays of a point on a device."""

    operands: Operands
    inputs: Mapping[str, tuple[Buffer, ...]]  #: one buffer, or the copies through which launches rotate
    outputs: Mapping[str, Buffer]
    clocks: Buffer | None
    grid: int  #: blocks, each of which leaves one clock record

    def arguments(self, launch: Launch, copy: int) -> list[Argument]:
        """The arguments of a launch that works on a copy of the rotating inputs."""
        return [self._argument(launch, argument, copy) for argument in launch.arguments]

    def _argument(self, launch: Launch, argument: str | int | float, copy: int) -> Argument:
        if not isinstance(argument, str):
            return argument
        if box := launch.tensor_maps.get(argument):
            array = self.operands.inputs[box.array]
            return MapOver(self._input(box.array, copy), array.shape, array.dtype, box)
        if argument == CLOCKS and self.clocks is not None:
            return self.clocks
        return self.outputs[argument] if argument in self.outputs else self._input(argument, copy)

    def _input(self, name: str, copy: int) -> Buffer:
        return self.inputs[name][copy % len(self.inputs[name])]

    def poison(self, backend: Backend) -> None:
        """Outputs and clock records hold nothing that an earlier launch wrote."""
        for buffer in (*self.outputs.values(), *([self.clocks] if self.clocks else [])):
            backend.poison(buffer)

    def results(self, backend: Backend) -> dict[str, Array]:
        """Outputs on the host."""
        found: dict[str, Array] = {}
        for name, (shape, dtype) in self.operands.outputs.items():
            found[name] = np.empty(shape, dtype)
            backend.download(self.outputs[name], found[name])
        return found


def demand_bytes(operands: Operands, copies: int, grid: int) -> int:
    """Memory that a point takes on the device."""
    inputs = sum(a.nbytes * (copies if name in operands.rotate else 1) for name, a in operands.inputs.items())
    outputs = sum(math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in operands.outputs.values())
    return inputs + outputs + grid * CLOCK.itemsize


def rotating_copies(operands: Operands, l2_bytes: int, factor: float) -> int:
    """As many copies of the rotating inputs as together exceed `factor` times the L2, so that each launch reads from DRAM."""
    rotating = sum(operands.inputs[name].nbytes for name in operands.rotate)
    return math.ceil(factor * l2_bytes / rotating) + 1 if rotating else 1


@contextmanager
def resident(backend: Backend, operands: Operands, launch: Launch, copies: int) -> Iterator[Residents]:
    """Upload the operands of a point, and free them at the end. Raises OutOfMemoryError that names the demand."""
    demand, free = demand_bytes(operands, copies, launch.grid), backend.free_bytes()
    if demand > free:
        raise OutOfMemoryError(f"out of memory: the point takes {demand:,} bytes, {free:,} are free")
    taken: list[Buffer] = []

    def new(size: int) -> Buffer:
        taken.append(backend.allocate(size))
        return taken[-1]

    def filled(array: Array) -> Buffer:
        buffer = new(array.nbytes)
        backend.upload(buffer, array)
        return buffer

    try:
        yield Residents(
            operands,
            {n: tuple(filled(a) for _ in range(copies if n in operands.rotate else 1)) for n, a in operands.inputs.items()},
            {n: new(math.prod(shape) * np.dtype(dtype).itemsize) for n, (shape, dtype) in operands.outputs.items()},
            new(launch.grid * CLOCK.itemsize) if CLOCKS in launch.arguments else None,
            launch.grid,
        )
    except DeviceLostError:
        taken.clear()  # nothing can be given back to a device that does not answer
        raise
    finally:
        for buffer in taken:
            backend.release(buffer)
