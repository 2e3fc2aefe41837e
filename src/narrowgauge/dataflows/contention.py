"""Few thread blocks whose phases take turns on the pipes of an SM: how long a turn takes when others are in the way."""

from __future__ import annotations

from collections.abc import Sequence


def cycle_time(customers: int, demands: Sequence[float], delay: float = 0.0) -> float:
    """Mean time of one cycle of each of `customers` that visit every pipe in turn, `demands` being their times there, and spend
    `delay` where nobody waits.

    Mean value analysis of a closed queueing network (Reiser and Lavenberg, J. ACM 27, 1980): whoever arrives finds the queues
    that the network has with one customer less."""
    queues = [0.0] * len(demands)
    total = delay
    for present in range(1, customers + 1):
        responses = [demand * (1.0 + waiting) for demand, waiting in zip(demands, queues, strict=True)]
        total = delay + sum(responses)
        queues = [present * response / total for response in responses] if total else queues
    return total
