"""A heterogeneous machine: a GPU or an NPU with memory that multiplies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from narrowgauge.archmodels.catalogue import HARDWARE, npu_names
from narrowgauge.archmodels.heterogeneous.schema import SYSTEM, Access, Experts
from narrowgauge.archmodels.machine import Machine, load_gpu
from narrowgauge.archmodels.npu import Npu, load_npu
from narrowgauge.archmodels.pim import PimMachine
from narrowgauge.archmodels.pim.machine import load_pim
from narrowgauge.archmodels.schema import rules
from narrowgauge.archmodels.specification import Schema, load_specification
from narrowgauge.archmodels.specified import Specified
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.units import BYTES_PER_GB, US_PER_S

HOST, PIM = "host", "pim"


@dataclass(frozen=True)
class System(Specified):
    """Build it with `load_system` or `load_machine`; change it with `with_`, which returns a new one."""

    host_changes: tuple[tuple[str, float], ...] = ()
    pim_changes: tuple[tuple[str, float], ...] = ()
    pim_name: str | None = None
    npu_name: str | None = None

    schema: ClassVar[Schema] = SYSTEM

    @cached_property
    def host(self) -> Machine | Npu:
        """The GPU or NPU, with what the specification and the overrides say of it."""
        name = self.npu_name or self.texts["host"]
        if name in npu_names():
            return load_npu(name).with_(**dict(self.host_changes))
        gpu = load_gpu(name)
        if "host_dram_gb_per_s" in self.quantities:
            gpu = gpu.with_(**{"dram.bandwidth_gb_per_s": self.value("host_dram_gb_per_s")})
        return gpu.with_(**dict(self.host_changes))

    @cached_property
    def pim(self) -> PimMachine:
        """The PIM memory of one host."""
        machine = load_pim(self.pim_name or self.texts["pim"])
        return machine.with_(**{"channels": self.value("pim_channels"), **dict(self.pim_changes)})

    @property
    def access(self) -> Access:
        """Who may use the memory when."""
        return Access(self.texts["access"])

    @property
    def experts(self) -> Experts:
        """Whether experts are divided over both devices."""
        return Experts(self.texts["experts"])

    @property
    def sub_batches(self) -> int:
        """Most parts of a batch that run side by side."""
        return self.count("sub_batches")

    @property
    def pim_gb(self) -> float:
        """Capacity of the PIM memory."""
        return self.pim.channels * self.pim.standard.organisation.channel_bytes / BYTES_PER_GB

    @property
    def memory_gb(self) -> float:
        """Capacity that a model may fill: the PIM memory, and the host's beside it where they are separate."""
        return self.pim_gb + (self.host_gb if self.access is Access.SEPARATE else 0.0)

    @property
    def host_gb(self) -> float:
        """Capacity of the host's own memory: where memories are separate, weights have to fit there."""
        return self.host.memory_gb if isinstance(self.host, Npu) else self.host.resources.memory_gb

    def link_us(self, moved_bytes: float) -> float:
        """Time to separate PIM memory and back for `moved_bytes` in all; 0 where host and PIM share the memory."""
        if self.access is not Access.SEPARATE:
            return 0.0
        bytes_per_us = self.value("link.bandwidth_gb_per_s") * BYTES_PER_GB / US_PER_S
        return 2 * self.value("link.latency_us") + moved_bytes / bytes_per_us

    def with_pim(self, name: str) -> System:
        """The same host with another PIM machine of as many channels; raises InputError for an unknown name."""
        load_pim(name)
        return replace(self, pim_name=name, pim_changes=())

    def with_npu(self, name: str) -> System:
        """Another NPU before the same memory; raises InputError for an unknown name."""
        load_npu(name)
        return replace(self, npu_name=name, host_changes=())

    def with_(self, **changes: float) -> System:
        """A what-if variant: its own numbers, `host.X` for a number X of the host, `pim.X` for what a PIM machine lets change.

        Raises InputError that holds every bad path and value."""
        own = {path: value for path, value in changes.items() if not path.startswith((f"{HOST}.", f"{PIM}."))}
        known = rules(SYSTEM.sheet)
        others = f"or {HOST}.PATH, {PIM}.PATH"
        problems = [Problem(path, f"unknown number, {nearest(path, known)}; {others}") for path in own if path not in known]
        numbers = {path: value for path, value in own.items() if path in known}
        found = self
        try:
            found = super().with_(**numbers)
        except InputError as error:
            problems += error.problems
        host, pim = (
            {path.removeprefix(f"{device}."): value for path, value in changes.items() if path.startswith(f"{device}.")}
            for device in (HOST, PIM)
        )
        for device, machine, part in ((HOST, self.host, host), (PIM, self.pim, pim)):
            try:
                machine.with_(**part)
            except InputError as error:
                problems += [Problem(f"{device}.{problem.where}", problem.what) for problem in error.problems]
        if problems:
            raise InputError(problems)
        host_changes, pim_changes = dict(self.host_changes) | host, dict(self.pim_changes) | pim
        return replace(found, host_changes=tuple(host_changes.items()), pim_changes=tuple(pim_changes.items()))


def load_system(name_or_path: str | Path) -> System:
    """The system of a hardware name, or of a YAML specification; raises InputError that holds every fault of the input."""
    return System(load_specification(name_or_path, SYSTEM, HARDWARE))
