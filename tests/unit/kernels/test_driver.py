"""Are launches and tensor maps laid out as the driver wants them, and its answers told apart? A paper libcuda stands in."""

import ctypes

import ml_dtypes
import numpy as np
import pytest

from narrowgauge.errors import UnsupportedError
from narrowgauge.kernels import _pycuda
from narrowgauge.kernels.backend import DeviceLostError, LaunchRefusedError, OutOfMemoryError
from narrowgauge.kernels.bench import TensorMap
from narrowgauge.kernels.driver import Driver, prepared

PAPER_CUDA = r"""
#include <cstring>
static int launches, first_int;
static float a_float;
static unsigned long long dims[3], strides[2];
static unsigned boxes[3], kind, rank, swizzle, rest;
struct Values { void** p; };
extern "C" int cuLaunchKernel(void* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                              unsigned shared, void* stream, void** p, void**) {
    ++launches;
    if (f == (void*)7) return 700;
    first_int = *(int*)p[1];
    a_float = *(float*)p[2];
    return gx * gy * gz * bx * by * bz == 4 * 64 && shared == 1024 ? 0 : 1;
}
extern "C" int cuTensorMapEncodeTiled(void* map, unsigned k, unsigned r, void*, const unsigned long long* d,
                                      const unsigned long long* s, const unsigned* b, const unsigned*, int, int w, int, int) {
    kind = k; rank = r; swizzle = w; rest = (unsigned long long)map % 64;
    for (unsigned i = 0; i < r; ++i) { dims[i] = d[i]; boxes[i] = b[i]; if (i + 1 < r) strides[i] = s[i]; }
    memset(map, 1, 128);
    return 0;
}
extern "C" int cuStreamQuery(void* stream) { return (int)(long long)stream; }
extern "C" int cuGetErrorString(int, const char** words) { *words = "paper"; return 0; }
extern "C" long long seen(int what) {
    switch (what) {
        case 0: return launches; case 1: return first_int; case 2: return (long long)(a_float * 4);
        case 3: return kind; case 4: return rank; case 5: return swizzle; case 6: return rest;
        case 10: case 11: case 12: return (long long)dims[what - 10];
        case 20: case 21: return (long long)strides[what - 20];
        default: return boxes[what - 30];
    }
}
"""


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    from narrowgauge.kernels.host_build import host_library

    library = host_library(PAPER_CUDA)
    library.seen.restype = ctypes.c_longlong
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    made = Driver()
    monkeypatch.undo()
    return made


def seen(driver: Driver, *what: int) -> list[int]:
    return [driver._lib.seen(number) for number in what]


def test_launches_reach_the_driver_with_their_parameters(driver: Driver) -> None:
    before = seen(driver, 0)[0]
    launch = prepared(5, 4, 64, 1024, [ctypes.c_void_p(1), ctypes.c_int32(-3), ctypes.c_float(2.5)])
    driver.launch([launch, launch], 10, 0)
    assert [seen(driver, 0)[0] - before, *seen(driver, 1, 2)] == [20, -3, 10]


def test_a_fault_of_a_kernel_loses_the_device_and_other_errors_do_not(driver: Driver) -> None:
    with pytest.raises(DeviceLostError, match=r"cuLaunchKernel: paper \(error 700\)"):
        driver.launch([prepared(7, 4, 64, 1024, [])], 1, 0)
    with pytest.raises(LaunchRefusedError):
        driver.check(1, "cuFuncSetAttribute")
    with pytest.raises(OutOfMemoryError):
        driver.check(2, "cuModuleLoadData")


def test_a_stream_is_idle_busy_or_lost(driver: Driver) -> None:
    assert driver.idle(0)
    assert not driver.idle(600)
    with pytest.raises(DeviceLostError):
        driver.idle(719)


def test_a_tensor_map_has_sizes_innermost_first_and_is_aligned(driver: Driver) -> None:
    descriptor = driver.tensor_map(4096, (8, 32, 64), np.dtype(np.float16), TensorMap("x", (64, 16, 1), 128))
    assert descriptor.nbytes == 128 and set(descriptor) == {1}
    assert seen(driver, 3, 4, 5, 6) == [6, 3, 3, 0]
    assert seen(driver, 10, 11, 12, 20, 21, 30, 31, 32) == [64, 32, 8, 128, 4096, 64, 16, 1]


@pytest.mark.parametrize(
    ("dtype", "box"),
    [
        (np.dtype(np.complex64), TensorMap("x", (8, 8))),
        (np.dtype(np.int8), TensorMap("x", (8,))),
        (np.int8, TensorMap("x", (8, 8), 48)),
    ],
)
def test_a_tensor_map_that_cannot_be_is_refused(driver: Driver, dtype: np.dtype, box: TensorMap) -> None:
    with pytest.raises(LaunchRefusedError, match="no tensor map"):
        driver.tensor_map(4096, (16, 16), np.dtype(dtype), box)


def test_arrays_of_any_element_type_are_copied_as_bytes() -> None:
    array = np.arange(6, dtype=np.float32).astype(ml_dtypes.bfloat16).reshape(2, 3)
    _pycuda._bytes(array)[:2] = 0xFF
    assert np.isnan(array[0, 0]) and array[1, 2] == 5


def test_without_pycuda_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pycuda", None)
    with pytest.raises(UnsupportedError, match=r"pycuda cannot be imported.*pip install 'narrowgauge\[gpu\]'"):
        _pycuda.device_properties()
