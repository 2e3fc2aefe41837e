"""Are functions that CPU and GPU share built for the CPU?"""

from pathlib import Path

import pytest

from narrowgauge.kernels.compile import CompileError
from narrowgauge.kernels.host_build import host_library

EXPORT = '#include "twice.cuh"\nextern "C" int twice_on_host(int x) { return twice(x); }\n'


def test_a_shared_function_runs_on_the_cpu_and_follows_its_header(cu: Path) -> None:
    (cu / "twice.cuh").write_text("static inline int twice(int x) { return 2 * x; }\n")
    assert host_library(EXPORT).twice_on_host(21) == 42
    (cu / "twice.cuh").write_text("static inline int twice(int x) { return x + x + 1; }\n")
    assert host_library(EXPORT).twice_on_host(21) == 43


def test_a_source_that_does_not_compile_brings_the_words_of_the_compiler(cu: Path) -> None:
    with pytest.raises(CompileError, match=r"(?s)cannot compile the host build.*nonsense"):
        host_library("int f() { return nonsense; }")
