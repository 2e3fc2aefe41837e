"""A kind of kernel as `show` prints it: the columns of its rows in a table that `price` reads."""

from __future__ import annotations

from typing import Any


def describe_kernel(name: str) -> dict[str, Any]:
    """Columns that a row must fill, and the names in `op` that stand for the kind."""
    from narrowgauge.experiments.price_kinds import KINDS

    kind = next(kind for kind in KINDS if kind.name == name)
    facts = {
        "columns": list(kind.required),
        "op": [op.replace("-", "_") for op in kind.ops],
        "op_needed": "only in mixed tables" if kind.inferable else "in every row",
    }
    return {"kind": "kernel", "name": kind.name, "facts": facts}
