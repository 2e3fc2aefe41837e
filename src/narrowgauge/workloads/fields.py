"""Reads typed fields out of a parsed config.json and collects every problem, so that a file's faults are reported at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from narrowgauge.errors import InputError, Problem, nearest

MAX_DIMENSION = 2**24  # far above any published width or vocabulary; beyond it a number is a typing error
PLACEHOLDER = 1  # stands for a field that could not be read, until `finish` raises


class Fields:
    """Fields of one object of a file. `defaults` holds what the published configuration class assumes for absent fields."""

    def __init__(self, data: Mapping[str, Any], source: str, prefix: str = "", problems: list[Problem] | None = None) -> None:
        self.data, self.source, self.prefix = data, source, prefix
        self.problems: list[Problem] = [] if problems is None else problems
        self._faulty: set[str] = set()

    def problem(self, name: str, what: str) -> None:
        """Notes that field `name` is wrong."""
        self._faulty.add(name)
        found = Problem(self.source, f"{self.prefix}{name}: {what}")
        if found not in self.problems:  # a field may be read twice
            self.problems.append(found)

    def is_faulty(self, name: str) -> bool:
        """Whether a problem was noted with field `name`."""
        return name in self._faulty

    def finish(self) -> None:
        """Raises one InputError with every problem that was noted, if any."""
        if self.problems:
            raise InputError(self.problems)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.data.get(name) is not None

    def integer(self, name: str, default: int | None = None, low: int = 1, high: int = MAX_DIMENSION) -> int:
        """A whole number from `low` to `high`; null and absence give the default, or a problem where there is none."""
        value = self.data.get(name)
        if value is None:
            return self._absent(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problem(name, f"given {_shown(value)}, allowed: a whole number from {low} to {high}")
            return PLACEHOLDER
        return value

    def optional_integer(self, name: str) -> int | None:
        """A whole number of at least 1, or None where the field is null or absent."""
        return self.integer(name) if self.has(name) else None

    def flag(self, name: str, default: bool) -> bool:
        """true or false."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(name, f"given {_shown(value)}, allowed: true, false")
            return default
        return value

    def fraction(self, name: str, default: float) -> float:
        """A number from 0 to 1."""
        value = self.data.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            self.problem(name, f"given {_shown(value)}, allowed: a number from 0 to 1")
            return default
        return float(value)

    def choice(self, names: Sequence[str], allowed: Mapping[str, Any], default: str) -> Any:
        """What `allowed` holds for the value of the first of `names` that is present."""
        name = next((name for name in names if self.has(name)), None)
        value = self.data[name] if name else default
        if not isinstance(value, str) or value not in allowed:
            self.problem(name or names[0], f"given {_shown(value)}; {nearest(str(value), allowed)}")
            return next(iter(allowed.values()))
        return allowed[value]

    def text_list(self, name: str, length: int, allowed: Sequence[str]) -> list[str] | None:
        """A list of `length` words, or None where the field is null or absent."""
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or any(item not in allowed for item in value):
            self.problem(name, f"given {_shown(value)}, allowed: a list of {', '.join(allowed)}")
            return None
        if len(value) != length:
            self.problem(name, f"given {len(value)} entries, allowed: one for each of the {length} layers")
            return None
        return value

    def indices(self, name: str, below: int) -> list[int]:
        """A list of distinct layer numbers; empty where the field is null or absent."""
        value = self.data.get(name)
        if value is None:
            return []
        whole = isinstance(value, list) and all(isinstance(item, int) and not isinstance(item, bool) for item in value)
        if not whole or len(set(value)) != len(value) or any(not 0 <= item < below for item in value):
            self.problem(name, f"given {_shown(value)}, allowed: distinct layer numbers from 0 to {below - 1}")
            return []
        return list(value)

    def nested(self, name: str) -> Fields:
        """The fields of an object inside this one; the object itself stands in for it where it is absent."""
        value = self.data.get(name)
        if value is None:
            return self
        if not isinstance(value, Mapping):
            self.problem(name, f"given {_shown(value)}, allowed: an object")
            return self
        return Fields(value, self.source, f"{self.prefix}{name}.", self.problems)

    def divides(self, divisor_name: str, divisor: int, name: str, value: int) -> bool:
        """Whether `divisor` divides `value`; if not, notes a problem with `divisor_name` (none if either was unreadable)."""
        if value % divisor == 0 or {divisor_name, name} & self._faulty:
            return True
        self.problem(divisor_name, f"given {divisor}, allowed: a divisor of {self.prefix}{name}, which is {value}")
        return False

    def _absent(self, name: str, default: int | None) -> int:
        if default is not None:
            return default
        close = nearest(name, [key for key in self.data if isinstance(key, str)])
        hint = f" ({close.split('?')[0]}?)" if close.startswith("did you mean") else ""
        self.problem(name, f"{'null' if name in self.data else 'missing'}, a whole number is required{hint}")
        return PLACEHOLDER


def _shown(value: object) -> str:
    text = repr(value)
    limit = 60
    return text if len(text) <= limit else f"{text[:limit]}..."
