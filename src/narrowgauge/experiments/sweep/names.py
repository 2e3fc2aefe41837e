"""The hint of an error about a name where the list of allowed names would fill a page."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(name: str, allowed: Iterable[str], otherwise: str = "") -> str:
    """`did you mean 'a', 'b'?`: the names spelt alike, then those whose part behind the dot is; `otherwise` if none."""
    choices = list(allowed)
    lasts = {known.partition(".")[2]: known for known in choices if "." in known}
    close = difflib.get_close_matches(name, choices, n=3, cutoff=0.6)
    if "." in name:
        close += [lasts[last] for last in difflib.get_close_matches(name.rpartition(".")[2], lasts, n=2, cutoff=0.6)]
    found = ", ".join(f"'{choice}'" for choice in list(dict.fromkeys(close))[:3])
    return f"did you mean {found}?" if found else otherwise
