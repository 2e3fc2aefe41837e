"""One token at a time on a CPU: every operator of a decode graph in turn, as ggml runs it.

Products of quantised maps run the low-bit kernel, others and the output head the 16-bit one. Attention streams its cache.
Elementwise operators work on a few kilobytes in cache and cost the step between operators alone, which several threads pay for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from narrowgauge.archmodels.cpu.machine import Cpu
from narrowgauge.dataflows.vector_mix import VECTOR_BYTES, VectorKernel, kernel
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import NumberFormat
from narrowgauge.formats.number import CodebookFormat, IntFormat
from narrowgauge.units import BITS_PER_BYTE, US_PER_S
from narrowgauge.workloads import Attention, Elementwise, Gemm, Graph


@dataclass(frozen=True)
class TokenTime:
    """Microseconds of one token by what they are spent on."""

    low_bit_us: float
    sixteen_bit_us: float
    attention_us: float
    barrier_us: float

    @property
    def total_us(self) -> float:
        """The sum."""
        return self.low_bit_us + self.sixteen_bit_us + self.attention_us + self.barrier_us

    @property
    def tokens_per_s(self) -> float:
        """Tokens in a second."""
        return US_PER_S / self.total_us


def token_time(graph: Graph, cpu: Cpu, kernel_name: str, threads: int) -> TokenTime:
    """Time of the graph's pass (one new token of one sequence) with a low-bit kernel of `dataflows.vector_mix`.

    Raises UnsupportedError for operators that no kernel here runs, and where the kernel is not for this CPU or width."""
    low_bit, wide = kernel(kernel_name), kernel("f16")
    low_us = wide_us = attention_us = 0.0
    steps = 0
    for op in graph.operators:
        steps += op.count
        match op:
            case Gemm():
                quantized = op.scheme.weight.is_quantized
                chosen = low_bit if quantized else wide
                us = op.count * _gemv_us(op, cpu, chosen, threads)
                low_us, wide_us = (low_us + us, wide_us) if quantized else (low_us, wide_us + us)
            case Attention():
                cycles = op.kv_bytes / VECTOR_BYTES * cpu.rates.cycles(wide.mix(cpu.instruction_set))
                attention_us += op.count * max(cpu.stream_us(op.kv_bytes, threads), cpu.vector_us(cycles, threads))
            case Elementwise():
                pass
            case _:
                raise UnsupportedError(f"{cpu.name} runs dense models on one machine; '{op.name}' is something else")
    barrier_us = cpu.value("barrier_us") * steps if threads > 1 else 0.0
    return TokenTime(low_us, wide_us, attention_us, barrier_us)


def _gemv_us(op: Gemm, cpu: Cpu, chosen: VectorKernel, threads: int) -> float:
    element = op.scheme.weight.format
    if chosen.levels is not None:
        levels = _evenly_spaced(element)
        if levels is None:
            raise UnsupportedError(
                f"this kernel adds up shifted bits, the values of {element.name} weights are not evenly spaced"
            )
        if levels > chosen.levels:
            raise UnsupportedError(f"this kernel knows {chosen.levels} values of a weight, {op.scheme.name} has {levels}")
    if chosen.bits_per_weight is not None:
        return cpu.gemv_us(op.n, op.k, chosen.bits_per_weight, 0.0, chosen, threads)
    scale_bytes = op.n * op.k * (float(op.scheme.weight_bits) - element.bits) / BITS_PER_BYTE
    return cpu.gemv_us(op.n, op.k, element.bits, scale_bytes, chosen, threads)


def _evenly_spaced(element: NumberFormat) -> int | None:
    """How many values an integer or a codebook with equal steps has; None for other formats."""
    match element:
        case IntFormat():
            return int(2**element.bits)
        case CodebookFormat(entries=entries) if len({high - low for low, high in pairwise(entries)}) == 1:
            return len(entries)
    return None
