"""What does an H200 gain over an H100 in the decoding of a 70B model?

The two have the same tensor cores; the H200 has 1.43 times the bandwidth and 1.76 times the memory. At equal batch it gains
bandwidth, at the largest batch that fits it gains memory as well.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory

import narrowgauge as ng

MACHINES = ("h100-sxm", "h200-sxm")
SWEEP = {
    "model": "llama-3-70b",
    "machine": list(MACHINES),
    "scheme": "fp8",
    "batch": {"range": [1, 200]},
    "input": 1024,
    "output": 512,
}
MANY = 8


def main() -> None:
    with TemporaryDirectory() as folder:
        ng.run_sweep(SWEEP, folder)
        points = ng.read_results(folder)
    fits = points[points["error"] == ""].set_index(["machine", "batch"]).sort_index()
    print(f"{SWEEP['model']} in fp8 on one GPU, {SWEEP['input']} tokens in, {SWEEP['output']} out:")
    for batch in (1, MANY):
        slow, fast = (fits.loc[machine, batch] for machine in MACHINES)
        print(
            f"  batch {batch}: {slow.tpot_ms:.1f} ms per token on H100, {fast.tpot_ms:.1f} ms on H200 "
            f"({fast.tpot_ms_low:.1f} to {fast.tpot_ms_high:.1f}): {slow.tpot_ms / fast.tpot_ms:.2f} times as fast, "
            f"bound by {fast.decode_bound_by}"
        )
    best = {machine: fits.loc[machine].iloc[-1] for machine in MACHINES}
    for machine, point in best.items():
        print(f"  {machine}: batch {point.name} is the largest that fits, {point.output_tokens_per_s:,.0f} output tokens/s")
    gain = best["h200-sxm"].output_tokens_per_s / best["h100-sxm"].output_tokens_per_s
    print(f"Equal batches gain what bandwidth gives; full memories gain {gain:.1f} times the throughput.")
    own = fits.loc["h200-sxm"].own_share.max()
    print(f"{own:.0%} of the H200's time is priced by kernels measured on it; the rest is transferred from the H100.")


if __name__ == "__main__":
    main()
