"""A CUDA source becomes machine code for one architecture: compiled once, kept by the hash of everything that went in."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from narrowgauge.errors import InputError, NarrowgaugeError, Problem, nearest
from narrowgauge.kernels import cache, sources, toolchain
from narrowgauge.kernels.resources import Resources, parse_report

#: compute capability: the target that has all its instructions (wgmma needs the `a` of sm_90a)
TARGETS = {"sm80": "80", "sm86": "86", "sm89": "89", "sm90": "90a"}
_OPTIONS = ("-cubin", "-std=c++17", "-O3", "-Xptxas", "-v")


class CompileError(NarrowgaugeError):
    """The CUDA compiler refused a source; the message is what it printed."""


@dataclass(frozen=True)
class Binary:
    """Machine code of one source, and what it was made from."""

    source: str
    source_hash: str  #: of the source with its headers
    architecture: str
    flags: tuple[str, ...]
    compiler: str  #: version of nvcc
    cubin: bytes
    resources: Mapping[str, Resources]  #: by entry


def target(architecture: str) -> str:
    """The compiler's name of an architecture; raises InputError that names the nearest."""
    if architecture not in TARGETS:
        raise InputError([Problem("architecture", f"unknown '{architecture}'; {nearest(architecture, TARGETS)}")])
    return TARGETS[architecture]


def compile_source(name: str, architecture: str) -> Binary:
    """Machine code of a file in `cu/`, from the cache where the same content was compiled before.

    Raises InputError for an unknown architecture, UnsupportedError where nvcc or the C++ compiler that it needs is not found,
    CompileError with nvcc's words."""
    number = target(architecture)
    flags = (*_OPTIONS, "-gencode", f"arch=compute_{number},code=sm_{number}")
    compiler = toolchain.nvcc()
    text = sources.text_of(name)
    base = cache.folder() / sources.text_hash(text, name, *flags, compiler.version)
    cubin_path, report_path = base.with_suffix(".cubin"), base.with_suffix(".json")
    if not (cubin_path.is_file() and report_path.is_file()):
        cubin, resources = _compile(compiler.path, flags, name)
        cache.store(cubin_path, cubin)
        report = {entry: asdict(used) for entry, used in resources.items()}
        cache.store(report_path, json.dumps(report).encode())
    resources = {entry: Resources(**used) for entry, used in json.loads(report_path.read_bytes()).items()}
    return Binary(name, sources.text_hash(text), architecture, flags, compiler.version, cubin_path.read_bytes(), resources)


def _compile(nvcc: Path, flags: tuple[str, ...], name: str) -> tuple[bytes, Mapping[str, Resources]]:
    toolchain.host_compiler()  # nvcc does not work without one, and does not say so plainly
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "kernel.cubin"
        command = [str(nvcc), *flags, "-I", str(sources.FOLDER), "-o", str(output), str(sources.FOLDER / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CompileError(f"nvcc cannot compile {name} ({' '.join(flags)}):\n{done.stdout}{done.stderr}".rstrip())
        return output.read_bytes(), parse_report(done.stdout + done.stderr)
