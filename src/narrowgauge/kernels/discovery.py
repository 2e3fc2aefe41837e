"""Finds every bench: imports all modules of `benches`, which register themselves."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from narrowgauge.kernels import benches
from narrowgauge.kernels.bench import BENCHES, Bench
from narrowgauge.registry import Registry


def load_benches() -> Registry[Bench]:
    """All benches by name, in the order of their modules' names."""
    for module in pkgutil.iter_modules(benches.__path__):
        import_module(f"{benches.__name__}.{module.name}")
    return BENCHES
