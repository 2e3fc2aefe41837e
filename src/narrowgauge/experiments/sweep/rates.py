"""How long a sweep is expected to take, before it starts: the rates of one core that docs/sweeps.md records."""

from __future__ import annotations

from itertools import pairwise

#: seconds of one core for one more setting (a machine, a scheme, a count of SMs: which fits serve it)
SETTING_S = 10e-3
#: seconds of one core for one more request (a model in sizes of its own: graph, kernels, their choice of tiles)
REQUEST_S = 8e-4
#: seconds of one core for one more point of a request that is priced already (another number of the specification)
POINT_S = 35e-6
#: seconds of one core for one point by events, kernel by kernel
EVENT_S = 2.0
_STEPS = ((60.0, "s"), (60.0, "min"), (24.0, "h"), (365.0, "days"), (float("inf"), "years"))


def expected_s(requests: float, points: float) -> float:
    """Seconds on one core."""
    return requests * REQUEST_S + points * POINT_S


def in_words(seconds: float) -> str:
    """`12 s`, `3.4 min`, `57 days`."""
    amount, unit = seconds, _STEPS[0][1]
    for (size, _), (_, longer) in pairwise(_STEPS):
        if amount < size:
            break
        amount, unit = amount / size, longer
    return f"{amount:.2g} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"  # noqa: PLR2004 - two digits
