"""Where the programs are that build and read machine code: PATH, then a CUDA root, then the packages from PyPI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from narrowgauge.errors import UnsupportedError

CUDA_PACKAGES = "nvidia-cuda-nvcc nvidia-nvvm nvidia-cuda-crt nvidia-cuda-runtime nvidia-cuda-cccl nvidia-cuda-nvdisasm"
_ROOT_VARIABLES = ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT")
_DEFAULT_ROOTS = ("/usr/local/cuda", "/opt/cuda")
_HOST_COMPILERS = ("c++", "g++", "clang++")


@dataclass(frozen=True)
class Tool:
    """A program and the version that it prints."""

    path: Path
    version: str


@cache
def nvcc() -> Tool:
    """The CUDA compiler. Raises UnsupportedError that says how to get one."""
    return _cuda_tool("nvcc", r"release [\d.]+, V([\d.]+)")


@cache
def nvdisasm() -> Tool:
    """The disassembler of machine code. Raises UnsupportedError that says how to get one."""
    return _cuda_tool("nvdisasm", r"release [\d.]+, V([\d.]+)")


@cache
def host_compiler() -> Tool:
    """The C++ compiler of this machine: the one that CXX names, else the first on PATH. Raises UnsupportedError."""
    names = [os.environ["CXX"]] if os.environ.get("CXX") else list(_HOST_COMPILERS)
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise UnsupportedError(f"no C++ compiler found, looked for {', '.join(names)}; install one, or set CXX")
    return Tool(Path(found), _output([found, "--version"]).splitlines()[0])


def _cuda_tool(name: str, version: str) -> Tool:
    path = next((path for path in _candidates(name) if path.is_file()), None)
    if path is None:
        raise UnsupportedError(
            f"no {name} found on PATH, under {', '.join(_ROOT_VARIABLES)} or {', '.join(_DEFAULT_ROOTS)}; install the CUDA "
            f"toolkit 12 or later, or without root rights: pip install {CUDA_PACKAGES}"
        )
    match = re.search(version, _output([str(path), "--version"]))
    return Tool(path, match.group(1) if match else "unknown")


def _candidates(name: str) -> Iterator[Path]:
    if on_path := shutil.which(name):
        yield Path(on_path)
    roots = [os.environ[variable] for variable in _ROOT_VARIABLES if os.environ.get(variable)]
    yield from (Path(root) / "bin" / name for root in [*roots, *_DEFAULT_ROOTS])
    vendor = find_spec("nvidia")
    for folder in vendor.submodule_search_locations or () if vendor else ():
        yield from sorted(Path(folder).glob(f"*/bin/{name}"), reverse=True)


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
