"""The columns of a point's results, in the order in which tables show them."""

from __future__ import annotations

from collections.abc import Mapping

from narrowgauge.experiments.sweep.expression import ValueKind

#: column of results: attribute of `Prediction` with its interval
QUANTITIES: Mapping[str, str] = {
    "ttft_ms": "ttft_ms",
    "tpot_ms": "tpot_ms",
    "latency_ms": "total_ms",
    "output_tokens_per_s": "output_tokens_per_s",
    "energy_per_output_token_j": "energy_per_output_token_j",
    "power_w": "power_w",
    "memory_gb": "memory_gb",
}
LOW, HIGH = "_low", "_high"
NUMBERS = tuple(f"{name}{end}" for name in QUANTITIES for end in ("", LOW, HIGH))
#: share of the time of all kernels that is priced by fits of this very machine
OWN_SHARE = "own_share"
#: what takes most of the time of a prefill and of a decode pass
BOUND_BY = ("prefill_bound_by", "decode_bound_by")
#: why a point has no result, empty where it has one
ERROR = "error"
TEXTS = (*BOUND_BY, ERROR)
RESULTS = (*NUMBERS, OWN_SHARE, *TEXTS)
RESULT_KINDS: Mapping[str, ValueKind] = {
    **dict.fromkeys((*NUMBERS, OWN_SHARE), ValueKind.NUMBER),
    **dict.fromkeys(TEXTS, ValueKind.TEXT),
}
#: identity of a point and of what it depends on: kept beside parameters and results
KEY, SETTING, DEPENDS = "key", "setting", "depends"
