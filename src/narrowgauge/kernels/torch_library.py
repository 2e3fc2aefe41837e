"""The vendor's libraries through torch: `matmul`, `_scaled_mm`, `_int_mm` and `scaled_dot_product_attention`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from narrowgauge.kernels.backend import DeviceLostError, LaunchRefusedError, OutOfMemoryError
from narrowgauge.kernels.bench import Check
from narrowgauge.kernels.library import Axes
from narrowgauge.measurements import Library

_US_PER_MS = 1e3
_ROTATION = 2.0  #: copies of the operands exceed this multiple of the L2
_MOST_CALLS = 512  #: of one graph
_WARM_CALLS = 3
_INT8_ROWS = 16  #: `_int_mm` needs more
_CHECKED = 8  #: columns or queries whose result is compared
_FP8_MAX, _INT8_RANGE = 4.0, 127
#: of the largest magnitude of the reference: a step of bf16 results; FP8 units of Hopper keep some 14 bits of a sum; attention
#: rounds its probabilities too
_TOLERANCE = {"bf16": 2.0**-8, "fp8-static": 2.0**-6, "int8": 0.0, "attention": 2.0**-6}


def open_torch(ordinal: int) -> TorchLibrary | None:
    """The libraries on a device, None where torch is not installed or sees no GPU."""
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    torch.cuda.set_device(ordinal)
    properties = torch.cuda.get_device_properties(ordinal)
    return TorchLibrary(torch, torch.device("cuda", ordinal), (properties.major, properties.minor), properties.L2_cache_size)


class TorchLibrary:
    """Products and attention on one device."""

    def __init__(self, torch: Any, device: Any, capability: tuple[int, int], l2_bytes: int) -> None:
        self._torch, self._device, self._capability, self._l2_bytes = torch, device, capability, l2_bytes
        self.library = Library(name="torch", version=f"{torch.__version__} cuda {torch.version.cuda}")

    def refuses(self, kind: str, axes: Axes) -> str | None:
        """FP8 needs sm_89; `_int_mm` needs more than 16 rows."""
        if axes.get("scheme") == "fp8-static" and self._capability < (8, 9):
            return "FP8 products need sm_89"
        if axes.get("scheme") == "int8" and int(axes["m"]) <= _INT8_ROWS:
            return f"torch multiplies INT8 from {_INT8_ROWS + 1} rows on"
        return None

    def prepare(self, kind: str, axes: Axes, batch_us: float) -> TorchSampler:
        """Operands, calls over rotating copies, a captured graph."""
        try:
            calls, check = (self._gemm if kind == "gemm" else self._attention)(axes)
            return TorchSampler(self._torch, calls, check, batch_us)
        except self._torch.cuda.OutOfMemoryError as error:
            raise OutOfMemoryError(str(error).splitlines()[0]) from error
        except RuntimeError as error:
            raise _refused(error) from error

    def _copies(self, size: int) -> int:
        return math.ceil(_ROTATION * self._l2_bytes / size) + 1

    def _gemm(self, axes: Axes) -> tuple[list[Callable[[], Any]], Callable[[Any], Check]]:
        m, n, k = (int(axes[name]) for name in "mnk")
        scheme, zero = str(axes["scheme"]), axes["data"] == "zero"
        a = self._operand((m, k), scheme, zero)
        w = self._operand((n, k), scheme, zero)
        weights = [w, *(w.clone() for _ in range(self._copies(w.numel() * w.element_size()) - 1))]
        multiply = self._multiply(scheme)
        return [partial(multiply, a, weight) for weight in weights], lambda result: self._gemm_check(a, w, result, scheme)

    def _multiply(self, scheme: str) -> Callable[[Any, Any], Any]:
        """The product of activations (m, k) with weights (n, k), as a linear layer has them."""
        torch = self._torch
        if scheme == "fp8-static":
            one = torch.ones((), device=self._device)
            return lambda a, w: torch._scaled_mm(
                a, w.t(), scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=True
            )
        if scheme == "int8":
            return lambda a, w: torch._int_mm(a, w.t())
        return lambda a, w: torch.matmul(a, w.t())

    def _operand(self, shape: tuple[int, ...], scheme: str, zero: bool) -> Any:
        torch = self._torch
        if scheme == "int8":
            limit = 1 if zero else _INT8_RANGE + 1
            return torch.randint(1 - limit, limit, shape, dtype=torch.int8, device=self._device)
        values = torch.zeros(shape, device=self._device) if zero else torch.randn(shape, device=self._device)
        if scheme == "fp8-static":
            return values.clamp(-_FP8_MAX, _FP8_MAX).to(torch.float8_e4m3fn)
        return values.to(torch.bfloat16)

    def _gemm_check(self, a: Any, w: Any, result: Any, scheme: str) -> Check:
        """Some columns against a product in float64."""
        wanted = a.double() @ w[:_CHECKED].double().t()
        return self._compare(result[:, :_CHECKED], wanted, scheme)

    def _attention(self, axes: Axes) -> tuple[list[Callable[[], Any]], Callable[[Any], Check]]:
        batch, isl, step, heads, kv, size = (
            int(axes[name]) for name in ("batch_size", "isl", "step", "num_heads", "num_key_value_heads", "head_dim")
        )
        torch, causal = self._torch, step == 0
        q = self._operand((batch, heads, isl, size), "bf16", False)
        k, v = (self._operand((batch, kv, isl + step, size), "bf16", False) for _ in range(2))
        caches = [(k, v)] + [(k.clone(), v.clone()) for _ in range(self._copies(2 * k.numel() * k.element_size()) - 1)]

        def attend(k: Any, v: Any) -> Any:
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True)

        return [partial(attend, *cache) for cache in caches], lambda result: self._attention_check(q, k, v, result, causal)

    def _attention_check(self, q: Any, k: Any, v: Any, result: Any, causal: bool) -> Check:
        """The last queries of the first sequence and head in float64; with the last keys masked where the mask is causal."""
        torch = self._torch
        rows, keys = min(_CHECKED, q.shape[2]), k.shape[2]
        scores = q[0, 0, -rows:].double() @ k[0, 0].double().t() / math.sqrt(q.shape[3])
        if causal:
            later = torch.arange(keys, device=self._device)[None] > torch.arange(keys - rows, keys, device=self._device)[:, None]
            scores = scores.masked_fill(later, -math.inf)
        wanted = torch.softmax(scores, -1) @ v[0, 0].double()
        return self._compare(result[0, 0, -rows:], wanted, "attention")

    def _compare(self, result: Any, wanted: Any, kind: str) -> Check:
        error = float((result.double() - wanted).abs().max())
        limit = _TOLERANCE[kind] * float(wanted.abs().max())
        return Check(error, limit, "largest difference from float64 of some results")


class TorchSampler:
    """Batches of calls, replayed from one graph; the last result stays for the check."""

    def __init__(self, torch: Any, calls: Sequence[Callable[[], Any]], check: Callable[[Any], Check], batch_us: float) -> None:
        self._torch, self._check = torch, check
        self._begin, self._end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # torch captures what was warmed up on a stream of its own
            for call in list(calls[:1]) * _WARM_CALLS:
                call()
        torch.cuda.current_stream().wait_stream(side)
        once_us = self._timed(lambda: [call() for call in calls]) / len(calls)
        self.launches = max(1, min(math.ceil(batch_us / once_us), _MOST_CALLS))
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            for index in range(self.launches):
                self._result = calls[index % len(calls)]()

    def _timed(self, work: Callable[[], Any]) -> float:
        """Microseconds between an event before and one after."""
        self._begin.record()
        work()
        self._end.record()
        self._end.synchronize()
        return float(self._begin.elapsed_time(self._end)) * _US_PER_MS

    def sample(self) -> float:
        """One batch, divided by its calls. The result of the last call was overwritten with NaN before."""
        self._result.fill_(float("nan") if self._result.is_floating_point() else -1)
        try:
            return self._timed(self._graph.replay) / self.launches
        except RuntimeError as error:
            raise _refused(error) from error

    def check(self) -> Check:
        """The last result."""
        return self._check(self._result)

    def close(self) -> None:
        """Drop the graph, the operands and the memory that torch keeps."""
        del self._graph, self._result, self._check
        self._torch.cuda.empty_cache()


def _refused(error: RuntimeError) -> LaunchRefusedError | DeviceLostError:
    """A fault of the device is the end; anything else is the library's word about one row."""
    first = str(error).splitlines()[0]
    faulted = any(word in first for word in ("illegal", "misaligned", "unspecified launch failure"))
    return DeviceLostError(first) if faulted else LaunchRefusedError(first)
