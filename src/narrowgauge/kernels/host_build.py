"""Functions that kernels and the CPU share (`__host__ __device__`), compiled for the CPU and loaded with ctypes.

What a kernel computes bit by bit can so be compared with NumPy for every code, without a GPU."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

from narrowgauge.kernels import cache, sources, toolchain
from narrowgauge.kernels.compile import CompileError

_FLAGS = ("-x", "c++", "-std=c++17", "-O2", "-fwrapv", "-Wall", "-Wextra", "-Wno-unknown-pragmas", "-shared", "-fPIC")


def host_library(text: str) -> ctypes.CDLL:
    """A shared library of C++ source text, which includes headers of `cu/` by name and exports functions as `extern "C"`.

    Kept in the cache by the hash of the text, the headers and the compiler. Raises UnsupportedError where no C++ compiler is
    found, CompileError with the compiler's words."""
    compiler = toolchain.host_compiler()
    path = cache.folder() / f"{sources.text_hash(text, *_FLAGS, compiler.version)}.so"
    if not path.is_file():
        cache.store(path, _compile(compiler.path, text))
    return ctypes.CDLL(str(path))


def _compile(compiler: Path, text: str) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "host.so"
        command = [str(compiler), *_FLAGS, "-I", str(sources.FOLDER), "-o", str(output), "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CompileError(f"{compiler.name} cannot compile the host build:\n{done.stderr}".rstrip())
        return output.read_bytes()
