"""One kernel on one GPU: what papers about kernels compare."""

from __future__ import annotations

import numpy as np

from narrowgauge.archmodels import Machine
from narrowgauge.calibration.calibrated import price
from narrowgauge.dataflows.family import Variant
from narrowgauge.experiments.lowering import COLUMNS
from narrowgauge.experiments.lowering_kinds import gemm_precision
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import ModelConfig
from narrowgauge.workloads.layers import linears


def gemm_latency(machine: Machine, scheme: str, library: str, m: int, n: int, k: int) -> Estimate:
    """Microseconds of C[m,n] = A[m,k] · B[k,n] in the kernel of a library, weights stored n × k.

    Raises InputError for an unknown scheme, UnsupportedError if the machine or the kernel cannot run it."""
    variant = Variant(gemm_precision(parse_scheme(scheme), machine.resources), library)
    columns = {"m": np.array([m], float), "n": np.array([n], float), "k": np.array([k], float)}
    priced = price(machine, "gemm", variant, columns)
    return Estimate(*(float(column[0]) for column in (priced.latency_us, priced.latency_us_low, priced.latency_us_high)))


def quantize_latency(machine: Machine, rows: int, width: int) -> Estimate:
    """Microseconds of a kernel that turns `rows` rows of 16-bit activations into INT8 with a scale per row."""
    row = (rows, width, 0, 1)
    columns = {name: np.array([value], float) for name, value in zip(COLUMNS["elementwise"], row, strict=True)}
    priced = price(machine, "elementwise", Variant("quantize-int8", "trtllm"), columns)
    return Estimate(*(float(column[0]) for column in (priced.latency_us, priced.latency_us_low, priced.latency_us_high)))


def layer_latencies(machine: Machine, model: ModelConfig, scheme: str, library: str, batch: int) -> dict[str, Estimate]:
    """Microseconds of each product of a model's layer that is quantised, by name, for a decode step of `batch` sequences.

    Raises as `gemm_latency`."""
    maps = [linear for linear in linears(model, tensor_parallel=1) if linear.quantized]
    return {linear.name: gemm_latency(machine, scheme, library, batch, linear.n, linear.k) for linear in maps}
