"""Bits of the experts of one mixture-of-experts block (MC-MoE, Huang et al., arXiv 2410.06270, and its precision_solver.py).

Loss of expert i at b bits: frequency[i]^α · weight[i]^β · error[i, b]^α, frequencies and weights as shares of the block's sums.
The bits of all experts sum to at most a total, and every option named in `required` is used at least once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError
from narrowgauge.errors import Problem as Fault
from narrowgauge.experiments.codesign.choice import Budget, Choice, Problem, choose

BITS = (1, 2, 3)
REQUIRED = (2, 3)


def allocate_experts(
    frequency: npt.ArrayLike,
    weight: npt.ArrayLike,
    errors: npt.ArrayLike,
    total_bits: float,
    *,
    bits: Sequence[int] = BITS,
    required: Sequence[int] = REQUIRED,
    alpha: float = 1.0,
    beta: float = 1.5,
) -> Choice:
    """The bits of least loss. `frequency` (how often an expert is chosen) and `weight` (of its router) have one entry per expert,
    `errors` the shape (experts, bits). Raises InputError for shapes that differ or entries below 0, CapacityError for a total
    that is too small."""
    shares, losses = [np.asarray(frequency, float), np.asarray(weight, float)], np.asarray(errors, float)
    named = (("frequency", shares[0]), ("weight", shares[1]), ("errors", losses))
    faults = [Fault(name, "holds what is not a number of 0 or more") for name, given in named if not (given >= 0).all()]
    faults += [Fault(name, "sums to 0") for name, given in named if not given.sum() > 0]
    if losses.shape != (len(shares[0]), len(bits)) or len(shares[0]) != len(shares[1]):
        faults.append(
            Fault("errors", f"has the shape {losses.shape}, allowed: ({len(shares[0])}, {len(bits)}), one row per expert")
        )
    if faults:
        raise InputError(faults)
    often, heavy = (share / share.sum() for share in shares)
    significance = often**alpha * heavy**beta
    names = tuple(map(str, bits))
    costs = np.tile(np.array(bits, float), (len(often), 1))
    budget = Budget("bits", "bits", costs, total_bits)
    experts = tuple(f"expert{i}" for i in range(len(often)))
    return choose(Problem(experts, names, significance[:, None] * losses**alpha, (budget,), least={str(b): 1 for b in required}))
