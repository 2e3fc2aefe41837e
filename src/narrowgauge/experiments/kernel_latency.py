"""One kernel on one GPU: what papers about kernels compare."""

from __future__ import annotations

import numpy as np

from narrowgauge.archmodels import Machine
from narrowgauge.calibration.calibrated import price
from narrowgauge.dataflows.family import Variant
from narrowgauge.experiments.lowering_kinds import gemm_precision
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.formats import parse_scheme


def gemm_latency(machine: Machine, scheme: str, library: str, m: int, n: int, k: int) -> Estimate:
    """Microseconds of C[m,n] = A[m,k] · B[k,n] in the kernel of a library, weights stored n × k.

    Raises InputError for an unknown scheme, UnsupportedError if the machine or the kernel cannot run it."""
    variant = Variant(gemm_precision(parse_scheme(scheme), machine.resources), library)
    columns = {"m": np.array([m], float), "n": np.array([n], float), "k": np.array([k], float)}
    priced = price(machine, "gemm", variant, columns)
    return Estimate(*(float(column[0]) for column in (priced.latency_us, priced.latency_us_low, priced.latency_us_high)))
