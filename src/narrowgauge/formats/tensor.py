"""How one tensor is stored: its number format, and how far each of its scales reaches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

from narrowgauge.formats.catalogue import BF16, FP16, FP32
from narrowgauge.formats.number import BlockFormat, MixtureFormat, NumberFormat

SIXTEEN_BIT = (BF16, FP16)


class Granularity(StrEnum):
    """The elements that share one scale."""

    NONE = "none"  #: no scale: a 16-bit or wider float
    TENSOR = "tensor"  #: the whole tensor
    CHANNEL = "channel"  #: one output channel of a weight
    TOKEN = "token"  #: one token of an activation
    HEAD = "head"  #: one token of one attention head, in a KV cache
    GROUP = "group"  #: `group_size` neighbours along the reduction
    BLOCK = "block"  #: a square of `group_size` × `group_size` weights
    FORMAT = "format"  #: the block format brings its own


@dataclass(frozen=True)
class TensorFormat:
    """A number format and its scales. Each group keeps its own in the formats `scale` and `zero_point` (None: it has none).

    `storage_bits` counts scales exactly where the number of elements that share one is known from the format alone (groups,
    blocks, block formats). Scales of whole channels, tokens or tensors are negligible and not counted."""

    format: NumberFormat
    granularity: Granularity = Granularity.NONE
    group_size: int | None = None
    scale: NumberFormat | None = None
    zero_point: NumberFormat | None = None
    dynamic: bool = False  #: scales are computed while the model runs

    @property
    def bits(self) -> int:
        """Width of one code, without scales."""
        return self.format.bits

    @property
    def is_quantized(self) -> bool:
        """Whether the tensor is stored narrower than 16 bits."""
        return self.format not in (*SIXTEEN_BIT, FP32)

    @property
    def scale_group(self) -> int | None:
        """Elements that share one scale, where the format says so; None otherwise."""
        if isinstance(self.format, BlockFormat):
            return self.format.block_size
        return self.group_size**2 if self.group_size and self.granularity is Granularity.BLOCK else self.group_size

    @property
    def group_bits(self) -> Fraction:
        """Bits that one group spends on its scale, zero point and codebook selector."""
        selector = self.format.selector_bits if isinstance(self.format, MixtureFormat) else 0
        return sum((part.storage_bits for part in (self.scale, self.zero_point) if part), Fraction(selector))

    @cached_property
    def storage_bits(self) -> Fraction:
        """Bits per element in memory."""
        if self.scale_group is None or isinstance(self.format, BlockFormat):
            return self.format.storage_bits
        return self.format.storage_bits + self.group_bits / self.scale_group

    def bits_per_head(self, elements: int) -> Fraction:
        """Bits of one token of one head of `elements` elements: where every head has its own scale, it is counted."""
        scales = self.group_bits if self.granularity is Granularity.HEAD else Fraction(0)
        return elements * self.storage_bits + scales
