"""Results for tests of figures and reports: a prediction, and what looks like results of a sweep, a validation, reproductions."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from narrowgauge.experiments.predict_request import Request, check_gpu
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.experiments.sensitivity import answer


@cache
def request(fidelity: str = "analytic") -> Request:
    return check_gpu("llama-3-8b", "h100-sxm", "w4a16-g128", 8, 512, 64, 1, None, fidelity, False)


@cache
def prediction(fidelity: str = "analytic") -> Prediction:
    return answer(request(fidelity))


def sweep_table(rows: int = 60, schemes: tuple[str, ...] = ("bf16", "fp8")) -> pd.DataFrame:
    """A table with the columns of `read_results`; every tenth point has no result."""
    random = np.random.default_rng(1)
    batch = np.tile(np.arange(1, rows // len(schemes) + 1), len(schemes))
    frame = pd.DataFrame({"model": "llama-3-8b", "machine": "h100-sxm", "scheme": np.repeat(schemes, rows // len(schemes))})
    frame = frame.assign(tp=1, framework="trtllm", fidelity="analytic", batch=batch, input=512, output=64)
    for name in ("ttft_ms", "tpot_ms", "latency_ms", "output_tokens_per_s", "energy_per_output_token_j", "power_w", "memory_gb"):
        value = random.uniform(1.0, 100.0, len(frame))
        frame = frame.assign(**{name: value, f"{name}_low": 0.8 * value, f"{name}_high": 1.3 * value})
    frame = frame.assign(own_share=0.5, prefill_bound_by="tensor_core", decode_bound_by="dram", error="")
    numbers = frame.select_dtypes("float").columns
    frame.loc[::10, numbers] = np.nan
    frame.loc[::10, "error"] = "needs 90.1 GB, has 80 GB"
    return frame


def validation_table() -> pd.DataFrame:
    """A table with the columns of `calibration.report.table`, one promise kept, one not, and a row about a machine."""
    common = {"machine": "a100-sxm-80gb", "precision": "bf16", "rows": 100, "roofline": 0.5, "physics": 0.08, "coverage": 0.9}
    bounds = {"physics_bound": 0.1, "residual_bound": 0.05, "noise": 0.03}
    return pd.DataFrame(
        [
            common | bounds | {"family": "gemm", "library": "all", "with_residual": 0.04, "ok": True},
            common | bounds | {"family": "attention-decode", "library": "all", "with_residual": 0.06, "ok": False},
            common | {"family": "gemm", "library": "vllm", "with_residual": 0.04},
            {
                "machine": "h100-sxm",
                "family": "machine",
                "precision": "l2",
                "library": "",
                "rows": 9,
                "physics": 0.02,
                "noise": 0.01,
            },
        ]
    )


def published_rows() -> list[dict[str, object]]:
    """Rows like those of `reproduce`: kept, missed, judged with others, refused, and beyond the paper."""
    row = {"paper": "paper", "published": 2.0, "predicted": 2.2, "low": 1.5, "high": 3.0, "tolerance": "0.2", "ok": True}
    return [
        row | {"claim": "kept"},
        row | {"claim": "missed", "predicted": 3.0, "ok": False},
        row | {"claim": "together", "tolerance": "mean 0.1", "ok": None},
        row | {"claim": "refused", "published": "refused", "predicted": None, "low": None, "high": None},
        row | {"claim": "beyond", "published": None, "ok": None},
    ]
