"""The machine that models price: a specification, a fit on top of it, what-if overrides on top of both.

Nothing is overwritten. Every parameter remembers what each layer says of it, and every change returns a new machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgauge.archmodels import machine_fit
from narrowgauge.archmodels.catalogue import machine_names, pim_names
from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.archmodels.override import FIT, OVERRIDE, SPECIFICATION, Layer, Override
from narrowgauge.archmodels.schema import rules
from narrowgauge.archmodels.specification import Specification, load_specification
from narrowgauge.dataflows.gemm_operands import UNIT_PJ
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.dataflows.unit import TensorUnit
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.provenance import Kind, Quantity
from narrowgauge.registry import canonical

#: the units of a GPU that another may replace
SLOTS = ("tensor_core",)

if TYPE_CHECKING:
    from narrowgauge.archmodels.units.unit import Unit


@dataclass(frozen=True)
class Machine:
    """One GPU, real or not. Build it with `load_machine` or `load_gpu`; change it with `with_`, `with_fit`, `with_fits` and
    `replace_unit`, which return new machines. `fits` is a folder with fits of kernels that go before the shipped ones."""

    specification: Specification
    fit: FrozenMap[Quantity] = field(default_factory=FrozenMap)
    overrides: tuple[Override, ...] = ()
    fits: Path | None = None
    unit: TensorUnit | None = None

    @property
    def name(self) -> str:
        """The hardware name, or the stem of the file it was read from."""
        return self.specification.name

    @property
    def architecture(self) -> str:
        """Compute capability, `sm80`."""
        return self.specification.texts["architecture"]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Specification, fit, override: a later one goes before an earlier one."""
        changed = {change.path: change.new for change in self.overrides}
        return (
            Layer(SPECIFICATION, self.specification.quantities),
            Layer(FIT, self.fit),
            Layer(OVERRIDE, FrozenMap(changed)),
        )

    @cached_property
    def quantities(self) -> FrozenMap[Quantity]:
        """The merged numbers by path, in the order of the schema."""
        merged: dict[str, Quantity] = {}
        for layer in self.layers:
            merged.update(layer.quantities)
        return FrozenMap({path: merged[path] for path in rules() if path in merged})

    def quantity(self, path: str) -> Quantity:
        """The number at a path with its provenance; raises InputError that names the nearest path."""
        if path not in self.quantities:
            raise InputError([Problem(path, f"{self.name} has no such parameter, {nearest(path, self.quantities)}")])
        return self.quantities[path]

    def value(self, path: str) -> float:
        """The number at a path, in the unit that its name carries."""
        return self.quantity(path).value

    def provenance(self, path: str) -> tuple[tuple[str, Quantity], ...]:
        """What each layer says of a path, the one that counts last."""
        self.quantity(path)
        return tuple((layer.name, layer.quantities[path]) for layer in self.layers if path in layer.quantities)

    def with_(self, **changes: float) -> Machine:
        """A what-if variant, `with_(**{"dram.bandwidth_gb_per_s": 4000})`; raises InputError that
        holds every bad path and value."""
        problems: list[Problem] = []
        made: list[Override] = []
        for path, value in changes.items():
            faults = list(_path_faults(path)) or rules()[path].faults_of_value(value)
            problems += [Problem(path, fault) for fault in faults]
            if not faults:
                old = self.quantities.get(path)
                note = f"instead of {old}" if old else "not there before"
                new = Quantity(float(value), rules()[path].unit, OVERRIDE, Kind.ASSUMED, note)
                made.append(Override(path, old, new))
        if problems:
            raise InputError(problems)
        return replace(self, overrides=(*self.overrides, *made))

    def with_fit(self, fitted: Mapping[str, Quantity]) -> Machine:
        """A machine with fitted or measured values over its specification; what it was fitted with before stays unless named.

        Raises InputError that holds every unknown path, foreign unit, impossible value and number of another kind."""
        problems: list[Problem] = []
        for path, quantity in fitted.items():
            problems += [Problem(path, fault) for fault in list(_path_faults(path)) or _fit_faults(path, quantity)]
        if problems:
            raise InputError(problems)
        return replace(self, fit=FrozenMap({**self.fit, **fitted}))

    def with_fits(self, folder: str | Path) -> Machine:
        """The same machine with the fits that `narrowgauge fit` wrote to a folder: its measured numbers over the specification,
        its kernels priced by the fits there, else by the shipped ones.

        Raises InputError for a folder without fits, and for a machine fit that is none."""
        path = Path(folder)
        if not any(path.glob("*.*.json")):
            raise InputError(
                [Problem(str(path), "holds no fits (MACHINE.FAMILY.json); `narrowgauge fit DATA -o DIR` writes them")]
            )
        fit = machine_fit.of_machine(path, self.name)
        machine = replace(self, fits=path)
        return machine if fit is None else machine.with_fit(fit.quantities())

    def replace_unit(self, slot: str, unit: Unit | str | Path) -> Machine:
        """The same GPU with another unit in the place of its tensor cores (`slot` "tensor_core"): memory system, clocks,
        registers, shared memory and kernels stay as they are calibrated. `unit` is a `Unit`, its name or its YAML file.

        Matrix products in formats that the unit refuses run on the tensor cores, which stay beside it. Raises InputError for an
        unknown slot or unit, UnsupportedError for a unit that was not made to stand in an SM."""
        from narrowgauge.archmodels.units.in_sm import in_sm

        if canonical(slot).replace("-", "_") not in SLOTS:
            raise InputError([Problem("replace", f"a GPU has no unit '{slot}' to replace, {nearest(slot, SLOTS)}")])
        return replace(self, unit=in_sm(unit))

    @cached_property
    def as_specified(self) -> Machine:
        """The same machine without the fit of its numbers; what-if overrides stay."""
        return replace(self, fit=FrozenMap())

    @cached_property
    def resources(self) -> GpuResources:
        """The plain numbers that kernels' closed forms are written in.

        The L2 latency is the mean of the near and the far partition, over which addresses are hashed evenly."""
        value = self.value
        return GpuResources(
            name=self.name,
            architecture=self.architecture,
            sm_count=int(value("chip.sm_count")),
            max_warps=int(value("sm.max_warps")),
            max_ctas=int(value("sm.max_ctas")),
            mma_sync_fraction=value("sm.mma_sync_fraction"),
            clock_mhz=value("clock.boost_mhz"),
            tensor_clock_mhz=value("clock.tensor_peak_mhz"),
            tensor_macs=self._section("tensor_macs_per_sm_cycle"),
            alu_results=self._section("alu_results_per_sm_cycle"),
            dram_gb_per_s=value("dram.bandwidth_gb_per_s"),
            memory_gb=value("dram.capacity_gb"),
            l2_mb=value("l2.capacity_mb"),
            l2_bytes_per_sm_cycle=value("l2.bytes_per_sm_cycle"),
            registers_kb_per_sm=value("sm.registers_kb"),
            l2_port_bytes_per_cycle=value("sm.l2_port_bytes_per_cycle"),
            smem_kb_per_sm=value("sm.smem_kb"),
            smem_bytes_per_sm_cycle=value("sm.smem_bytes_per_cycle"),
            l2_latency_cycles=(value("l2.latency_near_cycles") + value("l2.latency_far_cycles")) / 2,
            dram_latency_cycles=value("dram.latency_cycles"),
            graph_launch_us=value("launch.graph_us"),
            stream_launch_us=value("launch.stream_us"),
            link_gb_per_s=value("link.bandwidth_gb_per_s"),
            link_latency_us=value("link.latency_us"),
            tdp_w=value("power.tdp_w"),
            static_w=value("power.static_w"),
            energy_pj=FrozenMap({**self._section("energy_pj"), UNIT_PJ: 1.0}) if self.unit else self._section("energy_pj"),
            unit=self.unit,
        )

    def _section(self, name: str) -> FrozenMap[float]:
        """Field → value of one section; what is not there is absent."""
        prefix = f"{name}."
        return FrozenMap(
            {path.removeprefix(prefix): quantity.value for path, quantity in self.quantities.items() if path.startswith(prefix)}
        )


def load_gpu(name_or_path: str | Path) -> Machine:
    """The GPU of a hardware name, or of a YAML specification; raises InputError that holds every fault of the input."""
    if canonical(str(name_or_path)) in pim_names():
        raise InputError(f"'{name_or_path}' is a PIM machine; this takes a GPU: {', '.join(machine_names())}")
    return Machine(load_specification(name_or_path))


def _path_faults(path: str) -> Iterator[str]:
    if path not in rules():
        yield f"unknown parameter, {nearest(path, rules())}"


def _fit_faults(path: str, quantity: Quantity) -> list[str]:
    rule = rules()[path]
    faults = rule.faults_of_value(quantity.value)
    if quantity.unit != rule.unit:
        faults.append(f"unit '{quantity.unit}' does not fit, allowed: {rule.unit}")
    if quantity.kind not in (Kind.FITTED, Kind.MEASURED):
        faults.append(f"a fit holds fitted or measured numbers, not {quantity.kind} ones")
    return faults
