"""Where a number comes from. Every parameter of a specification or a fit is a `Quantity`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a number came to be, from most to least trustworthy."""

    MEASURED = "measured"
    DATASHEET = "datasheet"
    PUBLISHED = "published"
    FITTED = "fitted"
    DERIVED = "derived"
    ASSUMED = "assumed"

    @property
    def unmeasured(self) -> bool:
        """Whether nobody measured or published the number: it was computed from others or taken on trust."""
        return self in (Kind.DERIVED, Kind.ASSUMED)


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, its source (a citation), its kind, and what a reader should know before trusting it."""

    value: float
    unit: str
    source: str
    kind: Kind
    note: str = ""

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit} ({self.kind})"


@dataclass(frozen=True)
class Source:
    """The data behind a fit: file name, SHA-256 of its bytes, rows used, and where the public original is."""

    name: str
    sha256: str
    rows: int
    origin: str
