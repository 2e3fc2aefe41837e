"""What measurements say of a machine's own numbers: a file `MACHINE.machine.json` beside the fits of its kernels.

A reading whose path the schema of specifications knows is laid over the specification by `Machine.with_fits`. The others
(latencies of single instructions, shares of the pins' bandwidth, energies with operands of zero) stand beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError, model_validator

from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.archmodels.schema import rules
from narrowgauge.errors import InputError, Problem
from narrowgauge.provenance import Kind, Quantity, Source

SUFFIX = ".machine.json"


class Body(BaseModel):
    """Part of the file; unknown keys are refused and nothing can be changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reading(Body):
    """One number of one GPU with its 90 % interval, its unit, how many points it rests on, and where they stand."""

    path: str
    value: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat
    unit: str
    points: int
    source: str
    kind: Kind = Kind.MEASURED
    note: str = ""

    @model_validator(mode="after")
    def _in_its_interval(self) -> Reading:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.path} = {self.value:g} is outside its interval, {self.low:g} to {self.high:g}")
        return self

    def quantity(self) -> Quantity:
        """The number as a machine takes it."""
        note = f"{self.points} points, {self.low:.4g} to {self.high:.4g}"
        return Quantity(self.value, self.unit, self.source, self.kind, f"{note}; {self.note}" if self.note else note)


class HeldOutError(Body):
    """Mean absolute relative error of a model on groups of points that it was not fitted to, and the relative noise of their
    samples (None where nothing was repeated)."""

    model: str
    groups: int
    points: int
    error: FiniteFloat
    noise: FiniteFloat | None


class MachineFit(Body):
    """The file. `valid_range` is what the measurements covered: SM clocks, board power."""

    schema_version: Literal[1] = 1
    machine: str
    architecture: str
    gpu: str  #: what the records or tables call it
    sources: tuple[Source, ...]
    valid_range: Mapping[str, tuple[float, float]]
    readings: tuple[Reading, ...]
    held_out: tuple[HeldOutError, ...]

    def quantities(self) -> FrozenMap[Quantity]:
        """What is laid over the specification, by path."""
        return FrozenMap({reading.path: reading.quantity() for reading in self.readings if reading.path in rules()})


def save(fit: MachineFit, folder: Path) -> Path:
    """Write the fit below `folder`."""
    path = folder / f"{fit.machine}{SUFFIX}"
    path.write_text(fit.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> MachineFit:
    """Read a fit; raises InputError with every fault of a file that is none of this schema."""
    try:
        return MachineFit.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise InputError(Problem(f"{path}: {'.'.join(map(str, fault['loc']))}", fault["msg"]) for fault in faults) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Problem(str(path), f"cannot be read: {error}")]) from error


def of_machine(folder: Path, machine: str) -> MachineFit | None:
    """The fit of a machine in a folder, if there is one."""
    path = folder / f"{machine}{SUFFIX}"
    return load(path) if path.is_file() else None
