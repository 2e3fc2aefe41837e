"""What a low-bit matrix-vector product costs on the SIMD units of a CPU: instructions for every 16 bytes of weights.

The counts are read off the published kernels, loads left out (they have ports of their own):

* `t-mac`: table lookup over 4 one-bit weights, 32 indices in 16 bytes, 8-bit tables, sums widened to 16 bits, one conversion and
  two multiply-adds for every 16 vectors (Wei et al., T-MAC, EuroSys 2025, arXiv 2407.00088; microsoft/T-MAC,
  python/t_mac/intrins/tbl.cc, without fast aggregation);
* `bitnet-tl1`: table lookup over 2 ternary weights, 32 indices in 16 bytes, 16-bit tables as two byte tables (Wang et al.,
  arXiv 2410.16144; microsoft/BitNet, utils/templates/tl1_core.h); `bitnet-tl2` packs 3 weights into 5 bits, sign apart (the same,
  utils/codegen_tl2.py);
* `q4-0`: blocks of 32 four-bit weights times 8-bit activations, with or without a dot-product instruction; two 16-bit scales
  are converted and multiplied for every block, on the vector pipes (ggml, ggml_vec_dot_q4_0_q8_0);
* `f16`: 16-bit weights and activations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from narrowgauge.errors import InputError, Problem, UnsupportedError, nearest

VECTOR_BYTES = 16


@dataclass(frozen=True)
class VectorMix:
    """Instructions per 16 bytes of weights. `permute` moves or widens across lanes, `multiply` are integer multiplies; all of
    them, and `simple` ones, share the vector pipes."""

    simple: float = 0.0
    lookup: float = 0.0
    permute: float = 0.0
    multiply: float = 0.0

    @property
    def total(self) -> float:
        """Instructions of all classes."""
        return self.simple + self.lookup + self.permute + self.multiply


@dataclass(frozen=True)
class VectorRates:
    """Vector instructions that one core starts in a cycle: of all classes together, and of each class that has fewer pipes."""

    all: float
    lookup: float
    permute: float
    multiply: float

    def cycles(self, mix: VectorMix) -> float:
        """Cycles of one core for a mix: the pipes of the busiest class."""
        return max(mix.total / self.all, mix.lookup / self.lookup, mix.permute / self.permute, mix.multiply / self.multiply)


@dataclass(frozen=True)
class VectorKernel:
    """A matrix-vector kernel: bits that it stores for a weight (None: those of the scheme, scales apart), how many values a
    weight may take (None: any), its mixes by instruction set, and the vector instructions that prepare one table of activations
    (none where it has no tables) over `table_group` activations."""

    bits_per_weight: float | None
    levels: int | None
    mixes: Mapping[str, VectorMix]
    table_instructions: float = 0.0
    table_group: int = 1

    def mix(self, instruction_set: str) -> VectorMix:
        """Instructions per 16 bytes of weights; raises UnsupportedError where the kernel was not written for the set."""
        if instruction_set not in self.mixes:
            raise UnsupportedError(f"this kernel exists for {', '.join(self.mixes)}, not for {instruction_set}")
        return self.mixes[instruction_set]


NEON, NEON_DOT, AVX2 = "neon", "neon-dot", "avx2"
_TMAC_NEON = VectorMix(simple=6.75, lookup=2.0)
_TL1_NEON = VectorMix(simple=6.0, lookup=4.0, permute=4.0)
_F16_NEON = VectorMix(simple=1.0)

#: by name; an instruction set with dot products runs what the plain one runs
KERNELS: Mapping[str, VectorKernel] = {
    "t-mac": VectorKernel(
        None,
        16,
        {NEON: _TMAC_NEON, NEON_DOT: _TMAC_NEON, AVX2: VectorMix(simple=6.0, lookup=1.0, permute=4.375)},
        # 2.41 us for 1024 tables on one core of M2 Ultra, microsoft/T-MAC data/m2-ultra/results.csv: 8.2 cycles of 4 pipes
        table_instructions=33.0,
        table_group=4,
    ),
    "bitnet-tl1": VectorKernel(2.0, 3, {NEON: _TL1_NEON, NEON_DOT: _TL1_NEON}, table_instructions=33.0, table_group=2),
    "bitnet-tl2": VectorKernel(5 / 3, 3, {AVX2: VectorMix(simple=9.2, lookup=1.6, permute=1.6)}, 33.0, 3),
    "q4-0": VectorKernel(
        4.5,
        16,
        {
            NEON: VectorMix(simple=17.0, multiply=4.0),
            NEON_DOT: VectorMix(simple=11.0),
            AVX2: VectorMix(simple=10.0, permute=4.0, multiply=2.0),
        },
    ),
    "f16": VectorKernel(16.0, None, {NEON: _F16_NEON, NEON_DOT: _F16_NEON, AVX2: VectorMix(simple=1.0, permute=2.0)}),
}


def kernel(name: str) -> VectorKernel:
    """The kernel of a name; raises InputError that names the nearest one."""
    if name not in KERNELS:
        raise InputError([Problem("kernel", f"given '{name}'; {nearest(name, KERNELS)}")])
    return KERNELS[name]
