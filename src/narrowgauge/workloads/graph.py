"""The operators of one forward pass of a model on one GPU."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.formats.scheme import QuantScheme
from narrowgauge.workloads.blocks import forward
from narrowgauge.workloads.fields import MAX_DIMENSION
from narrowgauge.workloads.lowering import Lowering
from narrowgauge.workloads.model import ModelConfig
from narrowgauge.workloads.operators import Operator


class Phase(StrEnum):
    """Prefill takes in prompts and needs logits of their last tokens; decode extends sequences and needs those of every token."""

    PREFILL = "prefill"
    DECODE = "decode"


@dataclass(frozen=True)
class Graph:
    """A forward pass: `query_len` new tokens for each of `batch` sequences that have `context_len` tokens in the KV cache.

    Totals are sums over operators × their counts, for one of `tensor_parallel` GPUs."""

    model: ModelConfig
    scheme: QuantScheme
    phase: Phase
    batch: int
    query_len: int
    context_len: int
    tensor_parallel: int
    operators: tuple[Operator, ...]

    @property
    def macs(self) -> float:
        """Multiply-accumulates."""
        return sum(op.count * op.macs for op in self.operators)

    @property
    def weight_bytes(self) -> float:
        """Bytes of weights that are read."""
        return sum(op.count * op.weight_bytes for op in self.operators)

    @property
    def kv_bytes(self) -> float:
        """Bytes of KV cache that are read and written."""
        return sum(op.count * op.kv_bytes for op in self.operators)

    @property
    def activation_bytes(self) -> float:
        """Bytes of activations that operators pass to each other."""
        return sum(op.count * op.activation_bytes for op in self.operators)


def build_graph(
    model: ModelConfig,
    scheme: QuantScheme,
    phase: Phase | str,
    *,
    batch: int,
    query_len: int = 1,
    context_len: int = 0,
    tensor_parallel: int = 1,
    fuse_residual: bool = True,
) -> Graph:
    """The graph of a forward pass. Layers that are alike share an operator, whose `count` says how many there are.

    `fuse_residual` joins a residual addition and the RMSNorm behind it, as inference frameworks do. Raises one InputError that
    lists every size that is no whole number in range or exceeds a learned position table, and another where the model cannot be
    split over `tensor_parallel` GPUs."""
    problems = _problems({"batch": (batch, 1), "query_len": (query_len, 1), "context_len": (context_len, 0)})
    if phase not in tuple(Phase):
        problems.append(Problem("phase", f"given {phase!r}; {nearest(str(phase), tuple(Phase))}"))
    if not problems and model.positions and context_len + query_len > (model.max_positions or model.positions):
        problems.append(
            Problem("query_len", f"given {context_len} + {query_len} tokens, {model.name} has {model.max_positions} positions")
        )
    if problems:
        raise InputError(problems)
    phase = Phase(phase)
    logits = batch if phase is Phase.PREFILL else batch * query_len
    lowering = Lowering(model, scheme, batch, query_len, context_len, tensor_parallel, fuse_residual)
    operators = tuple(forward(lowering, logits, absorbed=phase is Phase.DECODE))
    return Graph(model, scheme, phase, batch, query_len, context_len, tensor_parallel, operators)


def _problems(sizes: dict[str, tuple[object, int]]) -> list[Problem]:
    return [
        Problem(name, f"given {value!r}, allowed: a whole number from {low} to {MAX_DIMENSION}")
        for name, (value, low) in sizes.items()
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= MAX_DIMENSION
    ]
