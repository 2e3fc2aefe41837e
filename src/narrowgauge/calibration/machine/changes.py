"""What a machine fit changes against the specification, and which numbers contradict the datasheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from narrowgauge.archmodels import Machine
from narrowgauge.archmodels.machine_fit import Reading
from narrowgauge.measurements import Measurements
from narrowgauge.provenance import Kind, Quantity


@dataclass(frozen=True)
class Change:
    """One path: what the specification says (None: nothing) and what was read."""

    specified: Quantity | None
    reading: Reading

    @property
    def ratio(self) -> float | None:
        """Reading over specification; None where there is none, or it is zero."""
        return self.reading.value / self.specified.value if self.specified and self.specified.value else None

    @property
    def contradicts(self) -> bool:
        """Whether a number of the vendor, or one derived from such, lies outside the interval by more than its width."""
        if self.specified is None or self.specified.kind not in (Kind.DATASHEET, Kind.DERIVED):
            return False
        width = self.reading.high - self.reading.low
        return not self.reading.low - width <= self.specified.value <= self.reading.high + width


def changes(machine: Machine, readings: Iterable[Reading]) -> tuple[Change, ...]:
    """Every reading beside the specification of the machine, in their order."""
    return tuple(Change(machine.specification.quantities.get(reading.path), reading) for reading in readings)


@dataclass(frozen=True)
class Account:
    """How much of the records counts: points by outcome, samples in all and discarded, and the reasons of skips and failures."""

    measured: int
    wrong: int
    samples: int
    discarded: int
    skipped: Mapping[str, int]
    failed: Mapping[str, int]


def account(found: Measurements) -> Account:
    """The account over all records."""
    records = [record for _, record in found.records]
    return Account(
        measured=sum(record.trusted for record in records),
        wrong=sum(record.check is not None and not record.check.ok for record in records),
        samples=sum(max(len(record.samples.elapsed_us), len(record.samples.cycles)) for record in records),
        discarded=sum(len(record.samples.discarded) for record in records),
        skipped=Counter(record.skipped for record in records if record.skipped is not None),
        failed=Counter(record.failed for record in records if record.failed is not None),
    )
