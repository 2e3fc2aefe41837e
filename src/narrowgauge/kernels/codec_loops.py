"""What the benches of codecs share: operands that alternate between two values, and what a loop of codec calls holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from narrowgauge.kernels import codec_catalogue  # noqa: F401 - fills CODECS
from narrowgauge.kernels.bench import LOOP_CONTROL, Array, Check, InnerLoop
from narrowgauge.kernels.codecs import CODECS, Codec

#: what a loop holds beside its question: counters, addresses, sums, constants that the compiler makes anew. Up to sm_89 long
#: loops are left by a CALL that never returns.
CONTROL = (*LOOP_CONTROL, "CALL.REL.NOINC", "IMAD", "LEA", "MOV", "UIMAD", "USHF", "ULOP3", "ULEA", "UMOV")
_OPCODES = {"lop3": "LOP3", "prmt": "PRMT", "lds": "LDS", "shfl": "SHFL", "convert": "F2FP", "fadd": "FADD"}
TABLE_BYTES = 2048  #: of shared memory, before everything else: `table_bytes` of dequant_loop.cuh
_HALF_PREFIX = "H"  # HADD2, HMUL2 and HFMA2 stand for each other as the compiler likes; HMMA has a longer prefix
_SHIFTS = ("SHF", "IMAD.SHL")  # a left shift may be a multiplication
_CONSTANTS = 4  # a constant that registers have no room for is made in the loop, by IMAD.MOV, PRMT or HFMA2


def number(architecture: str) -> int:
    """ "sm86" is 86."""
    return int(architecture.removeprefix("sm"))


def available(architecture: str) -> tuple[Codec, ...]:
    """The codecs that an architecture has the instructions for."""
    return tuple(codec for codec in CODECS.values() if codec.since <= number(architecture))


def missing(codec: Codec, architecture: str) -> str | None:
    """Why a codec cannot run there, or None."""
    return None if codec.since <= number(architecture) else f"{codec.name} needs the FP8 conversions of sm_{codec.since}"


def loop_rule(work: Mapping[str, int], calls: int, more: Mapping[str, int]) -> InnerLoop:
    """The inner loop of `calls` codec calls and of `more` counted opcodes."""
    constants = _CONSTANTS if work.get("half2") else 0
    exact = {opcode: work.get(kind, 0) * calls + more.get(opcode, 0) for kind, opcode in _OPCODES.items()}
    halves = work.get("half2", 0) * calls
    counts: dict[str, int | tuple[int, int]] = {
        **more,
        **exact,
        "PRMT": (exact["PRMT"], exact["PRMT"] + constants),
        _HALF_PREFIX: (halves, halves + constants),
        **{opcode: (0, work.get("shift", 0) * calls) for opcode in _SHIFTS},
    }
    return InnerLoop(counts, CONTROL)


def random_words(codec: Codec, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Packed words of random codes that stand for numbers: shape (*shape, words)."""
    return codec.pack(rng.choice(codec.codes, size=(*shape, codec.weights)))


def alternating(codec: Codec, calls: int, threads: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Two values of every input word, as the kernels take them: the first and the sum of both, (calls × words, threads)."""
    first, second = (random_words(codec, (threads, calls), rng).reshape(threads, -1).T for _ in range(2))
    return np.ascontiguousarray(first), np.ascontiguousarray(first + second)


def both(codec: Codec, first: Array, sums: Array) -> tuple[Array, Array]:
    """The two values again, as (threads, calls, words)."""
    one, other = (np.ascontiguousarray(words.T).reshape(words.shape[1], -1, codec.words) for words in (first, sums - first))
    return one, other


def register_sums(codec: Codec, words: Array) -> Array:
    """Sum of the result registers of each call, modulo 2^32."""
    return np.asarray(np.sum(codec.expected(words), axis=-1, dtype=np.uint32))


def equal(got: Array, wanted: Array) -> Check:
    """Whether every word is as it should be; `wanted` is broadcast over the blocks."""
    wrong = int(np.count_nonzero(got != np.broadcast_to(wanted, got.shape)))
    return Check(wrong, 0.0, f"words of {got.size} that differ from the format catalogue")
