"""A quantization scheme: the formats of weight, activation, KV cache, accumulator and output of a model's matrix products."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from narrowgauge.errors import UnsupportedError
from narrowgauge.formats.catalogue import FP8_E4M3, FP8_E5M2
from narrowgauge.formats.number import BlockFormat, NumberFormat
from narrowgauge.formats.tensor import Granularity, TensorFormat


@dataclass(frozen=True)
class QuantScheme:
    """A scheme under its canonical `name`; made by `parse_scheme`.

    `output` is the 16-bit format that everything outside the matrix products works in; `accumulate` that of the sums."""

    name: str
    weight: TensorFormat
    activation: TensorFormat
    kv_cache: TensorFormat
    accumulate: NumberFormat
    output: NumberFormat

    def __str__(self) -> str:
        return self.name

    @cached_property
    def weight_bits(self) -> Fraction:
        """Storage per weight in bits, group scales and zero points included."""
        return self.weight.storage_bits

    @cached_property
    def activation_bits(self) -> Fraction:
        """Storage per activation that enters a matrix product, in bits."""
        return self.activation.storage_bits

    @cached_property
    def kv_bits(self) -> Fraction:
        """Storage per element of the KV cache in bits (scales per head are counted by `kv_cache.bits_per_head`)."""
        return self.kv_cache.storage_bits

    @property
    def is_quantized(self) -> bool:
        """Whether weights or activations are narrower than 16 bits."""
        return self.weight.is_quantized or self.activation.is_quantized

    @property
    def activation_quantize(self) -> bool:
        """Whether a kernel of its own quantises the activation before each product (scales that are found while running).

        Static scales need none: the kernel that produces the activation writes it quantised."""
        return self.activation.is_quantized and self.activation.dynamic

    @property
    def needs_conversion(self) -> bool:
        """Whether weights are converted on the way to the multiplier: their elements are not of the activation's format."""
        return _element(self.weight.format) != _element(self.activation.format)

    def mma_operand(self, available: Container[str]) -> str:
        """The tensor-core operand format that executes the scheme: the activation's, weights being converted to it.

        `available` holds the operand names that the hardware multiplies ("bf16", "fp16", "fp8", "int8", "int4", "mxfp8",
        "nvfp4", ...). Raises UnsupportedError with the reason and a scheme of the same weights that would run."""
        operand = operand_name(self.activation)
        if operand in available:
            return operand
        offered = f" (it takes {', '.join(sorted(available))})" if isinstance(available, Iterable) else ""
        raise UnsupportedError(
            f"scheme '{self.name}' multiplies {self.activation.format.name} activations and needs an {operand} operand, "
            f"which this hardware lacks{offered}; {self._remedy(available)}"
        )

    def _remedy(self, available: Container[str]) -> str:
        weight_only = {8: "w8a16", 4: "w4a16", 3: "w3a16", 2: "w2a16"}.get(self.weight.bits)
        if self.weight.format in (FP8_E4M3, FP8_E5M2):
            weight_only = "w8a16-fp8"
        elif isinstance(self.weight.format, BlockFormat):
            weight_only = f"{self.weight.format.name}-a16"
        if weight_only and "fp16" in available:
            return f"keep the narrow weights and convert them to fp16: '{weight_only}'"
        return "choose a scheme whose activations are in a format that it takes"


def operand_name(activation: TensorFormat) -> str:
    """The name under which hardware offers an activation format as a tensor-core operand."""
    if activation.format in (FP8_E4M3, FP8_E5M2):
        return "fp8"
    return activation.format.name


def _element(fmt: NumberFormat) -> NumberFormat:
    return fmt.element if isinstance(fmt, BlockFormat) else fmt


def unscaled(fmt: NumberFormat) -> TensorFormat:
    """A tensor stored plainly, without scales."""
    return TensorFormat(fmt, Granularity.NONE)
