"""How do I calibrate a machine with a table of kernels that I have measured?

Write one row per kernel: the columns of `narrowgauge price`, `latency_us` and `machine` (at least 40 rows of a precision and
framework), and fit. The table here is SYNTHETIC, made by a formula with noise: put `pd.read_csv(...)` in place of `synthetic()`.
Shapes that the fit has not seen show what it brings.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import narrowgauge as ng
from narrowgauge.calibration.campaign import fit_all

MACHINE = "l40s"
ROWS = 160
NOISE = 0.03


def synthetic() -> pd.DataFrame:
    """bf16 products as a board would run them that has 78 % of the bandwidth, 60 % of the peak and launches of 6 us."""
    draw = np.random.default_rng(seed=1)
    m, n, k = (draw.choice(sizes, ROWS) for sizes in (2 ** np.arange(13), [2048, 4096, 8192, 14336], [2048, 4096, 8192]))
    transfer_us, arithmetic_us = 2 * (n * k + m * k + m * n) / (0.78 * 864e3), 2 * m * n * k / (0.60 * 362e6)
    latency_us = (6 + np.maximum(transfer_us, arithmetic_us)) * np.exp(NOISE * draw.standard_normal(ROWS))
    table = {"m": m, "n": n, "k": k, "scheme": "bf16", "framework": "trtllm", "latency_us": latency_us, "machine": MACHINE}
    return pd.DataFrame(table).drop_duplicates(["m", "n", "k"])


def main() -> None:
    mine = synthetic()
    seen, unseen = mine[: len(mine) // 2], mine[len(mine) // 2 :]
    shipped = ng.load_machine(MACHINE)
    with TemporaryDirectory() as folder:
        seen.to_csv(Path(folder, "mine.csv"), index=False)
        fit_all(Path(folder), Path(folder, "fits"), jobs=1)
        calibrated = shipped.with_fits(Path(folder, "fits"))
        for what, machine in (("without", shipped), ("with", calibrated)):
            priced = ng.price_table(unseen, machine)
            inside = priced["measured_latency_us"].between(priced["latency_us_low"], priced["latency_us_high"]).mean()
            width = np.log(priced["latency_us_high"] / priced["latency_us_low"]).mean()
            print(
                f"{what} the fit: mean absolute error {priced['error'].abs().mean():.1%} on {len(unseen)} shapes not in the "
                f"table, {inside:.0%} inside intervals that span a factor {np.exp(width):.2f}"
            )
            print(f"  source of the first: {priced['source'].iloc[0]}")


if __name__ == "__main__":
    main()
