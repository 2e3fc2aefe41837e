"""Named things of one kind: registering a name twice is an error, asking for an unknown one names the nearest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from narrowgauge.errors import InputError, Problem, nearest

T = TypeVar("T")


def canonical(name: str) -> str:
    """The spelling under which a name is kept: lower case, `_` and `-` alike."""
    return name.strip().lower().replace("_", "-")


class Registry(Mapping[str, T], Generic[T]):
    """A mapping from canonical names to objects of one `kind` (the word that errors use)."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def register(self, name: str, item: T) -> T:
        """Add `item`; raises ValueError if the name is taken."""
        key = canonical(name)
        if key in self._items:
            raise ValueError(f"{self.kind} '{key}' is registered twice")
        self._items[key] = item
        return item

    def __getitem__(self, name: str) -> T:
        """The item of that name; raises InputError that names the nearest one."""
        key = canonical(name)
        if key not in self._items:
            raise InputError([Problem("", f"unknown {self.kind} '{name}'; {nearest(key, self._items)}")])
        return self._items[key]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and canonical(name) in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
