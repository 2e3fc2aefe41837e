"""Networks by name: a card in `networks.yaml` says which family builds it, with which numbers."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical
from narrowgauge.workloads.convolutional.network import Builder, Network

CARDS = "networks.yaml"


@cache
def _cards() -> dict[str, dict[str, Any]]:
    from ruamel.yaml import YAML

    text = files(__package__).joinpath(CARDS).read_text(encoding="utf-8")
    cards: dict[str, dict[str, Any]] = YAML(typ="safe").load(text)
    return cards


def network_names() -> tuple[str, ...]:
    """The networks that ship."""
    return tuple(_cards())


def load_network(name: str, explicit_padding: bool = False) -> Network:
    """The network of a name; raises InputError that names the nearest. See `Builder` for `explicit_padding`."""
    key = canonical(name)
    if key not in _cards():
        raise InputError([Problem("", f"unknown network '{name}'; {nearest(key, _cards())}")])
    card = dict(_cards()[key])
    family = import_module(f"{__package__}.families.{card.pop('family')}")
    builder = Builder(card.pop("input"), explicit_padding)
    family.build(builder, **card)
    return builder.network(key)
