"""What one number of a specification must be: its unit, its range, and a source that exists.

A specification writes a number as `[value, unit, kind, source]` or `[value, unit, kind, source, note]`. A `Rule` stands in
the annotation of a schema field, `Annotated[Quantity, Rule("GB/s", 1, 100_000)]`, and turns such a list into a `Quantity`
in the field's own unit. Every fault of one number is reported, not the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from narrowgauge.archmodels import unit_names
from narrowgauge.errors import nearest
from narrowgauge.provenance import Kind, Quantity

FAULTS = "quantity_faults"
NOTATION = "[value, unit, kind, source] or [value, unit, kind, source, note]"
_WITHOUT_NOTE, _WITH_NOTE = 4, 5


class Citation(str):
    """A source whose key was found in a `sources` table; its text is the citation itself."""

    __slots__ = ()


@dataclass(frozen=True)
class Rule:
    """The unit a number is kept in and the closed range in which it can be real; `whole` wants no fraction."""

    unit: str
    low: float
    high: float
    whole: bool = False

    def faults_of_value(self, value: object, given_unit: str | None = None) -> list[str]:
        """What is wrong with a number given in `given_unit` (the rule's own if None); empty if nothing is."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return [f"value {value!r} is not a number"]
        try:
            finite = math.isfinite(value)
        except OverflowError:  # a whole number that no float holds
            finite = False
        if not finite:
            return [f"value {short(value)} is not finite"]
        own = value * unit_names.factor(given_unit or self.unit, self.unit)
        if not self.low <= own <= self.high:
            return [f"value {own:g} {self.unit} is impossible, allowed: {self.low:g} to {self.high:g} {self.unit}"]
        if self.whole and own != int(own):
            return [f"value {own:g} {self.unit} must be whole"]
        return []

    def read(self, raw: object, source_keys: Iterable[str]) -> Quantity | list[str]:
        """The quantity that `raw` writes, or the list of its faults. `source_keys` are named when a source is unknown."""
        if not isinstance(raw, list) or len(raw) not in (_WITHOUT_NOTE, _WITH_NOTE):
            return [f"is {short(raw)}, write {NOTATION} with unit {self.unit}"]
        value, unit, kind, source = raw[:_WITHOUT_NOTE]
        note = raw[_WITHOUT_NOTE] if len(raw) == _WITH_NOTE else ""
        unit_known = unit in unit_names.accepted(self.unit)
        faults = self.faults_of_value(value, unit if unit_known else None)
        if not unit_known:
            faults.append(f"unit {unit!r} does not fit, allowed: {', '.join(unit_names.accepted(self.unit))}")
        if kind not in tuple(Kind):
            faults.append(f"unknown kind {kind!r}, {nearest(str(kind), list(Kind))}")
        if not isinstance(source, Citation):
            faults.append(f"source {source!r} is not in the table of sources, {nearest(str(source), source_keys)}")
        if not isinstance(note, str):
            faults.append(f"note {note!r} is not text")
        elif not note and kind in tuple(Kind) and Kind(kind).unmeasured:
            faults.append(f"a number that is {kind} needs a note, the fifth entry, that says from what or why")
        if faults:
            return faults
        return Quantity(value * unit_names.factor(unit, self.unit), self.unit, str(source), Kind(kind), note)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The hook by which pydantic calls `read`; a field that may be None also accepts null."""
        nullable = type(None) in get_args(source)

        def validate(raw: object, info: core_schema.ValidationInfo[Any]) -> Quantity | None:
            if raw is None and nullable:
                return None
            outcome = self.read(raw, info.context["source_keys"])
            if isinstance(outcome, list):
                raise PydanticCustomError(FAULTS, "not a quantity", {"faults": outcome})
            return outcome

        return core_schema.with_info_plain_validator_function(validate)


def short(raw: object) -> str:
    """How an error prints what was given: its representation, cut where it is long."""
    text = repr(raw)
    limit = 60
    return text if len(text) <= limit else text[:limit] + "…"
