"""From which context length on does a narrow KV cache pay?

Each new token reads the whole cache once, so the cache's share of the time grows with the context. Eight bits halve its bytes for
little work; four bits halve them again, and unpacking them costs instructions.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory

import narrowgauge as ng
from narrowgauge.experiments.sweep.queries import pivot

SCHEMES = {"w4a16-g128": "16 bits", "w4a16-g128-kvfp8": "8 bits", "w4a16-g128-kv4": "4 bits"}
SWEEP = {
    "model": "llama-3.1-8b",
    "machine": "h100-sxm",
    "scheme": list(SCHEMES),
    "batch": 4,
    "input": {"powers_of_two": [512, 65536]},
    "output": 128,
}
WORTH = 0.9  # of the time with 16 bits


def main() -> None:
    with TemporaryDirectory() as folder:
        ng.run_sweep(SWEEP, folder)
        points = ng.read_results(folder)
    times, memory = (pivot(points, "input", "scheme", column) for column in ("tpot_ms", "memory_gb"))
    print(f"{SWEEP['model']} with 4-bit weights on {SWEEP['machine']}, batch {SWEEP['batch']}; per token, and memory:")
    for tokens in times.index:
        cells = (f"{bits} {times[scheme][tokens]:.1f} ms {memory[scheme][tokens]:.0f} GB" for scheme, bits in SCHEMES.items())
        print(f"  {tokens:6,} tokens: {', '.join(cells)}")
    wide, *narrow = SCHEMES
    for scheme in narrow:
        pays = times.index[times[scheme] < WORTH * times[wide]]
        when = f"from {pays[0]:,} tokens on at least a tenth faster than 16" if len(pays) else "nowhere a tenth faster than 16"
        own = points[points["scheme"] == scheme].own_share.max()
        print(f"{SCHEMES[scheme]}: {when}; at most {own:.0%} of the time is priced by fits of this very GPU and format.")


if __name__ == "__main__":
    main()
