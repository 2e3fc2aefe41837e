"""Weights in the order in which the lanes of a warp need them: no rearrangement between memory and tensor core.

A block is 16 weight rows and one stage of k: 16 bytes for each of 32 lanes. Call by call of the codec they become two B fragments
of mma.sync side by side: register r of a lane is weight row 8 (r div 2) + lane div 4, bytes 16 (r mod 2) + 4 (lane mod 4) .. + 3
of 32 along k, as `PackedWeights` of gemm_packed.cu reads them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from narrowgauge.kernels.codecs import Codec
from narrowgauge.kernels.packing import Codes, Words

ROWS, LANES, LANE_WORDS = 16, 32, 4
_LINE_BYTES = 32


def stage_columns(codec: Codec) -> int:
    """Weights of one row in one stage."""
    return LANE_WORDS // codec.words * _LINE_BYTES * 8 // codec.operand_bits


def pack(codes: npt.NDArray[np.integer], codec: Codec) -> Words:
    """Codes (rows, columns) as words (rows / 16, stages, 32 lanes, 4)."""
    columns = stage_columns(codec)
    blocks = codes.reshape(codes.shape[0] // ROWS, ROWS, codes.shape[1] // columns, columns).swapaxes(1, 2)
    row, column = _places(codec)
    words = codec.pack(blocks[..., row, column])  # (..., lanes, calls, weights of a call) -> (..., lanes, calls, words)
    return np.ascontiguousarray(words.reshape(*blocks.shape[:2], LANES, LANE_WORDS))


def unpack(words: Words, codec: Codec) -> Codes:
    """The inverse of `pack`."""
    row, column = _places(codec)
    codes = codec.unpack(words.reshape(*words.shape[:-1], -1, codec.words))
    blocks = np.empty((*words.shape[:2], ROWS, stage_columns(codec)), dtype=codes.dtype)
    blocks[..., row, column] = codes
    return np.ascontiguousarray(blocks.swapaxes(1, 2)).reshape(words.shape[0] * ROWS, -1)


def _places(codec: Codec) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row and column of each weight of (lane, call, register and element) within a block."""
    per_register = 32 // codec.operand_bits
    lane, call, register, element = np.ix_(
        np.arange(LANES), np.arange(LANE_WORDS // codec.words), np.arange(codec.registers), np.arange(per_register)
    )
    row = lane // 4 + 8 * (register // 2) + 0 * (call + element)
    byte = _LINE_BYTES * call + 16 * (register % 2) + 4 * (lane % 4)
    column = byte * 8 // codec.operand_bits + element
    shape = (LANES, LANE_WORDS // codec.words, codec.registers * per_register)
    return row.reshape(shape), column.reshape(shape)
