"""How much bandwidth does a LUT tensor core need?

Units that look products up instead of multiplying are small, so more of them fit in the place of a tensor core. Each of their
tiles still has to be fed: L2 bandwidth is raised until more of it would gain less than one per cent of the time to first token.
"""

from __future__ import annotations

import narrowgauge as ng
from narrowgauge.experiments.predict_reasons import bottleneck

MODEL, SCHEME, MACHINE, PATH = "llama-3-8b", "w4a8-g128", "a100-sxm-80gb", "l2.bytes_per_sm_cycle"
BATCH, INPUT = 8, 2048
UNITS = ("lut-4x", "lut-8x")
STEP, PLENTY = 0.05, 8.0  # of the A100's L2 bandwidth
GAIN = 0.01


def main() -> None:
    gpu = ng.load_machine(MACHINE)
    have = gpu.value(PATH)

    def first_token(machine: ng.Machine, factor: float) -> ng.Prediction:
        return ng.predict(MODEL, machine.with_(**{PATH: factor * have}), SCHEME, BATCH, INPUT, 2)

    print(f"{MODEL} in {SCHEME}, {BATCH} prompts of {INPUT} tokens on {MACHINE}, time to first token:")
    print(f"  tensor cores: {first_token(gpu, 1).ttft_ms.value:.0f} ms")
    for unit in UNITS:
        machine = gpu.replace_unit("tensor_core", unit)
        now, best = first_token(machine, 1), first_token(machine, PLENTY)
        factor = 1.0
        while first_token(machine, factor).ttft_ms.value > (1 + GAIN) * best.ttft_ms.value:
            factor += STEP
        print(f"  {unit}: {now.ttft_ms.value:.0f} ms ({now.ttft_ms.low:.0f} to {now.ttft_ms.high:.0f})")
        print(f"    {bottleneck(now.prefill)}")
        print(f"    enough: {factor * have:.0f} B per SM and cycle, {factor:.2f} times what the A100 has")
        print(f"    then {first_token(machine, factor).ttft_ms.value:.0f} ms; with plenty {bottleneck(best.prefill)}")
    print("Nobody has built these units; the memory system that feeds them is calibrated.")


if __name__ == "__main__":
    main()
