"""The parameters that a kernel takes, read from its binary: a launch with other arguments would read foreign memory.

The ELF section `.nv.info.<kernel>` is a list of attributes; the one numbered 0x17 describes a parameter (names and layout as
`cuobjdump -elf` prints them, EIATTR_KPARAM_INFO)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

from narrowgauge.kernels.bench import Launch, Operands

_SECTION_TABLE = struct.Struct("<40xQ10xHHH")  #: ELF64 header: offset of the section table, size, number, index of the names
_SECTION = struct.Struct("<I20xQQ24x")  #: name, offset, size
_PARAMETER = struct.Struct("<IHHI")  #: index, ordinal, offset, flags
_PREFIX = ".nv.info."
_SIZED_VALUE = 0x04  #: format of an attribute that is followed by its size; every other one is four bytes long
_PARAMETER_INFO = 0x17
_SIZE_SHIFT = 18
_MAP_BYTES, _POINTER_BYTES, _NUMBER_BYTES = 128, 8, 4
CLOCKS = "clocks"


def parameter_sizes(cubin: bytes) -> Mapping[str, tuple[int, ...]]:
    """Bytes of every parameter in order, by kernel; a kernel without parameters has none."""
    return {
        name.removeprefix(_PREFIX): tuple(size for _, size in sorted(_parameters(body)))
        for name, body in _sections(cubin)
        if name.startswith(_PREFIX)
    }


def argument_problems(launch: Launch, operands: Operands, sizes: Sequence[int]) -> list[str]:
    """Why a launch does not fit the parameters of its kernel; empty if it does."""
    arrays = {*operands.inputs, *operands.outputs, CLOCKS}
    problems = [
        f"tensor map over '{t.array}', which is no input" for t in launch.tensor_maps.values() if t.array not in operands.inputs
    ]
    given: list[int] = []
    for argument in launch.arguments:
        if not isinstance(argument, str):
            given.append(_NUMBER_BYTES)
        elif argument in launch.tensor_maps:
            given.append(_MAP_BYTES)
        else:
            given.append(_POINTER_BYTES)
            if argument not in arrays:
                problems.append(f"argument '{argument}' is no input, no output, no tensor map and not '{CLOCKS}'")
    if tuple(given) != tuple(sizes):
        problems.append(f"arguments of {given} bytes, the kernel takes {list(sizes)}")
    return problems


def _sections(elf: bytes) -> Iterator[tuple[str, bytes]]:
    table, size, number, names = _SECTION_TABLE.unpack_from(elf)
    headers = [_SECTION.unpack_from(elf, table + i * size) for i in range(number)]
    strings = headers[names][1]
    for name, offset, length in headers:
        start = strings + name
        yield elf[start : elf.index(b"\0", start)].decode(), elf[offset : offset + length]


def _parameters(info: bytes) -> Iterator[tuple[int, int]]:
    """Ordinal and size in bytes of every parameter."""
    place = 0
    while place < len(info):
        form, attribute, length = struct.unpack_from("<BBH", info, place)
        place += 4
        if form == _SIZED_VALUE:
            if attribute == _PARAMETER_INFO:
                _, ordinal, _, flags = _PARAMETER.unpack_from(info, place)
                yield ordinal, flags >> _SIZE_SHIFT
            place += length
