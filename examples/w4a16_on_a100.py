"""From which batch on does W4A16 decode more slowly than bf16 on an A100?

Small batches wait for weights, which are a quarter as large in four bits. Large batches wait for arithmetic, and W4A16 has more
of it: every weight is converted to 16 bits before it is multiplied. In between they change places several times, because the
tiles of a kernel fit one batch better than the next.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory

import narrowgauge as ng
from narrowgauge.experiments.sweep.queries import pivot

SWEEP = {
    "model": "llama-3-8b",
    "machine": "a100-sxm-80gb",
    "scheme": ["bf16", "w4a16"],
    "batch": {"range": [32, 512, 32]},
    "input": 128,
    "output": 128,
}
EVEN = 0.03  # times closer than this count as equal


def main() -> None:
    with TemporaryDirectory() as folder:
        ng.run_sweep(SWEEP, folder)
        times = pivot(ng.read_results(folder), "batch", "scheme", "tpot_ms")
    ratio = times["w4a16"] / times["bf16"]
    print(f"{SWEEP['model']} on {SWEEP['machine']}, ms per token of each sequence:")
    for batch in (32, 128, 256, 512):
        print(f"  batch {batch:3}: bf16 {times['bf16'][batch]:.1f}, w4a16 {times['w4a16'][batch]:.1f}, ratio {ratio[batch]:.2f}")
    wins = [batch for batch in ratio.index if (ratio.loc[:batch] < 1 - EVEN).all()]
    loses = [batch for batch in ratio.index if (ratio.loc[batch:] > 1 + EVEN).all()]
    print(f"W4A16 wins clearly up to batch {wins[-1]}.")
    print(f"Between {wins[-1]} and {loses[0]} the two are even, within {EVEN:.0%}, or change places from one batch to the next.")
    loss = ratio.loc[loses[0] :] - 1
    print(f"From batch {loses[0]} on it loses clearly, by {loss.min():.0%} to {loss.max():.0%}.")


if __name__ == "__main__":
    main()
