"""A matrix product as an accelerator meets it: the task for its PEs, and the operands as they lie in memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from narrowgauge.archmodels.units.unit import MatrixTask
from narrowgauge.formats import QuantScheme
from narrowgauge.units import BITS_PER_BYTE

RESULT_BITS = 16.0


@dataclass(frozen=True)
class Operand:
    """A matrix in memory, `rows` rows of `length` elements of `bits` bits (a mean where layers of a model differ).

    A row begins at a whole byte. `buffered_bits` is the width in the buffer where that is not the one in DRAM."""

    rows: int
    length: int
    bits: float
    buffered_bits: float | None = None

    @property
    def bytes(self) -> int:
        """Bytes in DRAM."""
        return self.rows * ceil(self.length * self.bits / BITS_PER_BYTE)

    def words(self, word_bits: int) -> int:
        """Words of the buffer that it fills; a row begins at a whole word."""
        bits = self.bits if self.buffered_bits is None else self.buffered_bits
        return self.rows * ceil(self.length * bits / word_bits)


@dataclass(frozen=True)
class Layer:
    """One product, `count` times in a model."""

    name: str
    task: MatrixTask
    weight: Operand
    activation: Operand
    result: Operand
    count: int = 1


def matrix_layer(
    name: str,
    m: int,
    n: int,
    k: int,
    scheme: QuantScheme,
    count: int = 1,
    *,
    weight_bits: float | None = None,
    result_bits: float = RESULT_BITS,
) -> Layer:
    """A plain product: `m` tokens, weights stored n × k in the scheme's format unless `weight_bits` says otherwise.

    Raises InputError for sizes below 1."""
    weights = Operand(n, k, float(scheme.weight_bits) if weight_bits is None else weight_bits)
    activations = Operand(m, k, float(scheme.activation_bits))
    return Layer(name, MatrixTask(m, n, k, scheme), weights, activations, Operand(m, n, result_bits), count)
