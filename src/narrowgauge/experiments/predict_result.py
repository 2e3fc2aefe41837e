"""The answer of `predict`: numbers with intervals, the table behind them, and where all of it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narrowgauge.dataflows.family import Variant
from narrowgauge.experiments.predict_estimate import ZERO, Estimate, independent
from narrowgauge.experiments.predict_passes import ENERGY_FACTOR, Pass
from narrowgauge.experiments.predict_pricing import Key
from narrowgauge.units import MJ_PER_J, MS_PER_S, US_PER_MS
from narrowgauge.workloads import MemoryFootprint

if TYPE_CHECKING:
    import pandas as pd

ACTIVATIONS_FACTOR = 2.0  # interval of the activations' share of memory, an estimate; weights and KV cache are counts
STEP: Key = ("framework", Variant("", ""))  # stands for the step cost beside the kernels' variants
QUANTITIES = ("ttft_ms", "tpot_ms", "output_tokens_per_s", "energy_per_output_token_j", "power_w", "memory_gb")


@dataclass(frozen=True)
class Prediction:
    """One configuration. Times and rates are of a static batch: all prompts are taken in together by one pass (prefill, not
    chunked), which gives every sequence its first token; `output_tokens` - 1 passes over the whole batch (decode) give the
    others.

    `interval` is the relative error (as logarithms) of whole models that the framework's fit never saw; zero without one."""

    batch: int
    output_tokens: int
    gpus: int
    prefill: Pass
    decode: Pass
    memory: MemoryFootprint
    memory_available_gb: float
    interval: tuple[float, float]
    manifest: Mapping[str, Any]
    warnings: tuple[str, ...]

    @property
    def ttft_ms(self) -> Estimate:
        """Time to first token: the prefill pass and its step cost."""
        return self.prefill.latency_us.at_least(*self.interval).scaled(1 / US_PER_MS)

    @property
    def tpot_ms(self) -> Estimate:
        """Time per further output token of a sequence: the mean decode pass and its step cost."""
        return self.decode.latency_us.at_least(*self.interval).scaled(1 / US_PER_MS)

    @property
    def total_ms(self) -> Estimate:
        """Time until the last token: ttft + (output_tokens - 1) × tpot, kernels of one variant being wrong together."""
        parts: dict[Key, Estimate] = {}
        for phase in (self.prefill, self.decode):
            for key, estimate in (*phase.kernels_us.items(), (STEP, phase.step_us)):
                parts[key] = parts.get(key, ZERO) + estimate.scaled(phase.passes)
        return independent(parts.values()).at_least(*self.interval).scaled(1 / US_PER_MS)

    @property
    def output_tokens_per_s(self) -> Estimate:
        """Output tokens of the whole batch over `total_ms`, from all GPUs together."""
        return self.total_ms.inverse(self.batch * self.output_tokens * MS_PER_S)

    @property
    def _energy_j(self) -> Estimate:
        """Energy of one GPU until the last token."""
        total = self.prefill.passes * self.prefill.energy_mj + self.decode.passes * self.decode.energy_mj
        static = self.total_ms.scaled(self.decode.static_w)  # W × ms = mJ
        dynamic = total - static.value
        spent = Estimate(total, dynamic / ENERGY_FACTOR + static.low, dynamic * ENERGY_FACTOR + static.high)
        return spent.scaled(1 / MJ_PER_J)

    @property
    def energy_per_output_token_j(self) -> Estimate:
        """Energy of all GPUs over the output tokens of the whole batch; first order, assumed."""
        return self._energy_j.scaled(self.gpus / (self.batch * self.output_tokens))

    @property
    def power_w(self) -> Estimate:
        """Mean power of one GPU until the last token; first order, assumed, and not limited by the board's power cap."""
        static, total_ms = self.decode.static_w, self.total_ms
        mean = self._energy_j.value * MS_PER_S / total_ms.value
        dynamic = mean - static
        low = static + dynamic / ENERGY_FACTOR * total_ms.value / total_ms.high
        return Estimate(mean, low, static + dynamic * ENERGY_FACTOR * total_ms.value / total_ms.low)

    @property
    def memory_gb(self) -> Estimate:
        """Memory of one GPU: weights, KV cache of all finished sequences, activations."""
        exact = self.memory.weights_gb + self.memory.kv_cache_gb
        part = self.memory.activations_gb
        return Estimate(self.memory.total_gb, exact + part / ACTIVATIONS_FACTOR, exact + part * ACTIVATIONS_FACTOR)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a kind of hardware has to say beside the usual answer, in sentences."""
        return ()

    @property
    def breakdown(self) -> list[dict[str, Any]]:
        """One row per phase and operator, of the mean pass of its phase on one GPU; `share` is that of the pass.

        The energy of the run on one GPU is the sum of `energy_mj` × passes of the phase (`phases`)."""
        return [line.to_json(phase.latency_us.value) for phase in (self.prefill, self.decode) for line in phase.lines]

    def frame(self) -> pd.DataFrame:
        """`breakdown` as a pandas table."""
        import pandas as pd

        return pd.DataFrame(self.breakdown)

    def to_json(self) -> dict[str, Any]:
        """Plain data: every quantity with `_low` and `_high`, `breakdown`, phases, memory, warnings, manifest."""
        data: dict[str, Any] = {}
        for name in QUANTITIES:
            estimate: Estimate = getattr(self, name)
            data |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        data["phases"] = {
            str(phase.phase): {
                "passes": phase.passes,
                "kernels": phase.kernel_count,
                "latency_ms": phase.latency_us.value / US_PER_MS,
                "energy_mj": phase.energy_mj,
            }
            for phase in (self.prefill, self.decode)
        }
        data["memory"] = {
            "weights_gb": self.memory.weights_gb,
            "kv_cache_gb": self.memory.kv_cache_gb,
            "activations_gb": self.memory.activations_gb,
            "available_gb": self.memory_available_gb,
        }
        return data | {"breakdown": self.breakdown, "warnings": list(self.warnings), "manifest": dict(self.manifest)}
