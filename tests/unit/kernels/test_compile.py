"""Is a source compiled once per content, and is it said what is wrong where it cannot be compiled?"""

import subprocess
from pathlib import Path

import pytest

from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.kernels import cache, sources, toolchain
from narrowgauge.kernels.compile import TARGETS, CompileError, compile_source
from narrowgauge.kernels.resources import Resources, parse_report

SCALE = '#include "factor.cuh"\nextern "C" __global__ void scale(float* out) { out[threadIdx.x] *= FACTOR; }\n'
REPORT = """\
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'plain' for 'sm_90a'
ptxas info    : Function properties for helper
    16 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Function properties for plain
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 20 registers, used 1 barriers
ptxas info    : Compiling entry function 'spilling' for 'sm_90a'
ptxas info    : Function properties for spilling
    800 bytes stack frame, 12 bytes spill stores, 24 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 800 bytes cumulative stack size, 4096 bytes smem
"""


@pytest.fixture
def scale(cu: Path) -> Path:
    (cu / "factor.cuh").write_text("#define FACTOR 2.0f\n")
    (cu / "scale.cu").write_text(SCALE)
    return cu


def test_the_report_is_read_by_entry() -> None:
    assert parse_report(REPORT) == {"plain": Resources(20, 0, 0, 0, 0), "spilling": Resources(255, 4096, 800, 12, 24)}


@pytest.mark.parametrize("architecture", TARGETS)
def test_a_binary_names_its_entries_and_what_it_was_made_from(scale: Path, architecture: str) -> None:
    binary = compile_source("scale.cu", architecture)
    assert list(binary.resources) == ["scale"]
    assert binary.resources["scale"].registers > 0
    assert binary.cubin.startswith(b"\x7fELF")
    assert binary.flags[-1].endswith(TARGETS[architecture])


def test_the_same_content_is_compiled_once(scale: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compile_source("scale.cu", "sm80")
    monkeypatch.setattr(subprocess, "run", None)
    assert compile_source("scale.cu", "sm80") == first


def test_a_changed_header_is_another_source(scale: Path) -> None:
    before = compile_source("scale.cu", "sm80")
    (scale / "factor.cuh").write_text("#define FACTOR 3.0f\n")
    after = compile_source("scale.cu", "sm80")
    assert after.source_hash != before.source_hash
    assert after.cubin != before.cubin


def test_headers_are_followed_through_headers_once(cu: Path) -> None:
    (cu / "parts").mkdir()
    (cu / "a.cuh").write_text('#include "parts/b.cuh"\n')
    (cu / "parts" / "b.cuh").write_text('#include "a.cuh"\n#include "c.cuh"\n#include <cstdint>\n')
    (cu / "parts" / "c.cuh").write_text("")
    assert [name for name, _ in sources.closure('#include "a.cuh"\n')] == ["a.cuh", "parts/b.cuh", "parts/c.cuh"]


def test_a_source_that_does_not_compile_brings_the_words_of_nvcc(cu: Path) -> None:
    (cu / "broken.cu").write_text('extern "C" __global__ void broken() { nonsense; }\n')
    with pytest.raises(CompileError, match=r"cannot compile broken\.cu (?s:.*)nonsense"):
        compile_source("broken.cu", "sm80")


def test_an_unknown_architecture_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="unknown 'sm9'; did you mean 'sm90'"):
        compile_source("scale.cu", "sm9")


def test_a_missing_compiler_says_how_to_get_one(scale: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "_candidates", lambda name: iter(()))
    toolchain.nvcc.cache_clear()
    with pytest.raises(UnsupportedError, match=r"no nvcc found on PATH.*pip install nvidia-cuda-nvcc"):
        compile_source("scale.cu", "sm80")


def test_a_missing_host_compiler_says_what_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    toolchain.host_compiler.cache_clear()
    with pytest.raises(UnsupportedError, match=r"looked for no-such-compiler.*set CXX"):
        toolchain.host_compiler()


def test_the_cache_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "narrowgauge" / "kernels"
