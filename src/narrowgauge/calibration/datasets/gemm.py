"""GEMM tables with the columns of ai-dynamo/aiconfigurator: m, n, k, and optionally scheme, framework, latency_us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narrowgauge.dataflows.family import Variant
from narrowgauge.registry import canonical

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_SCHEME = "bf16"


def variants(frame: pd.DataFrame) -> dict[tuple[str, Variant], pd.DataFrame]:
    """Rows of each precision and library, index kept. A missing scheme is bf16, a missing framework the empty library."""
    from narrowgauge.formats import parse_scheme

    scheme = frame["scheme"].fillna(DEFAULT_SCHEME) if "scheme" in frame else None
    library = frame["framework"].fillna("") if "framework" in frame else None
    keys = frame[[]].assign(
        scheme=DEFAULT_SCHEME if scheme is None else scheme.astype(str), library="" if library is None else library.astype(str)
    )
    columns = [c for c in ("m", "n", "k", "latency_us") if c in frame]
    groups: dict[tuple[str, Variant], list[pd.DataFrame]] = {}
    for key, rows in frame[columns].groupby([keys["scheme"], keys["library"]], sort=True):
        scheme_name, library_name = (str(part) for part in key)
        variant = Variant(gemm_precision(parse_scheme(scheme_name).name), canonical(library_name))
        groups.setdefault(("gemm", variant), []).append(rows)
    import pandas as pd

    return {key: parts[0] if len(parts) == 1 else pd.concat(parts) for key, parts in groups.items()}


def gemm_precision(scheme: str) -> str:
    """The scheme without its KV-cache part, which no GEMM sees."""
    return "-".join(part for part in scheme.split("-") if not part.startswith("kv"))
