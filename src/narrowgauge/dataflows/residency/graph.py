"""Operators over tensors with sizes: all that a memory planner sees of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.units import BITS_PER_BYTE
from narrowgauge.workloads.convolutional import Network


@dataclass(frozen=True)
class Tensor:
    """Something that takes bytes on chip while it is there."""

    name: str
    size_bytes: int


@dataclass(frozen=True)
class TensorOperator:
    """Its inputs and its output are on chip together while it runs."""

    name: str
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class TensorGraph:
    """`operators` in an order in which they can run. A tensor that no operator makes is an input and lies off chip at the start;
    a tensor that no operator takes is a result and lies there at the end: these bytes are compulsory.

    Raises InputError for unknown tensors, tensors made twice or taken before they are made, and sizes below 1."""

    tensors: tuple[Tensor, ...]
    operators: tuple[TensorOperator, ...]

    def __post_init__(self) -> None:
        sizes = self.size_bytes
        problems = [Problem(t.name, f"has {t.size_bytes} bytes, allowed: 1 or more") for t in self.tensors if t.size_bytes < 1]
        made: set[str] = set()
        later = {op.output for op in self.operators}
        for op in self.operators:
            problems += [
                Problem(op.name, f"unknown tensor '{name}', {nearest(name, sizes)}")
                for name in (*op.inputs, op.output)
                if name not in sizes
            ]
            problems += [
                Problem(op.name, f"takes '{name}' before it is made") for name in op.inputs if name in later and name not in made
            ]
            if op.output in made:
                problems.append(Problem(op.name, f"makes '{op.output}', which was made before"))
            made.add(op.output)
        if problems:
            raise InputError(problems)

    @staticmethod
    def of_network(network: Network, bits: float, weights: bool = False) -> TensorGraph:
        """Every layer an operator. With `weights`, a layer's weights are an input of its own that must be on chip as well."""
        tensors = [Tensor(layer.name, _bytes(layer.elements, bits)) for layer in network.layers]
        operators: list[TensorOperator] = []
        for layer in network.layers[1:]:
            inputs = layer.inputs
            if weights and layer.parameters:
                tensors.append(Tensor(f"{layer.name}.weights", _bytes(layer.parameters, bits)))
                inputs = (*inputs, f"{layer.name}.weights")
            operators.append(TensorOperator(layer.name, inputs, layer.name))
        return TensorGraph(tuple(tensors), tuple(operators))

    @cached_property
    def size_bytes(self) -> Mapping[str, int]:
        """By tensor."""
        return {tensor.name: tensor.size_bytes for tensor in self.tensors}

    @cached_property
    def makers(self) -> Mapping[str, int]:
        """The operator that makes each tensor, by index."""
        return {op.output: i for i, op in enumerate(self.operators)}

    @cached_property
    def takers(self) -> Mapping[str, tuple[int, ...]]:
        """The operators that take each tensor, by index."""
        found: dict[str, list[int]] = {tensor.name: [] for tensor in self.tensors}
        for i, op in enumerate(self.operators):
            for name in dict.fromkeys(op.inputs):
                found[name].append(i)
        return {name: tuple(takers) for name, takers in found.items()}

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Tensors that are taken and that no operator makes."""
        return tuple(t.name for t in self.tensors if t.name not in self.makers and self.takers[t.name])

    @cached_property
    def results(self) -> tuple[str, ...]:
        """Tensors that are made and not taken."""
        return tuple(t.name for t in self.tensors if t.name in self.makers and not self.takers[t.name])

    @property
    def compulsory_bytes(self) -> int:
        """Every input read once, every result written once."""
        return sum(self.size_bytes[name] for name in (*self.inputs, *self.results))

    def working_set(self, operator: int) -> frozenset[str]:
        """Tensors that an operator needs on chip."""
        op = self.operators[operator]
        return frozenset((*op.inputs, op.output))

    def total(self, names: Sequence[str] | frozenset[str]) -> int:
        """Bytes of tensors."""
        return sum(self.size_bytes[name] for name in names)

    @property
    def largest_working_set(self) -> int:
        """M_R of COSMA: below it some operator cannot run, whatever is spilled."""
        return max(self.total(self.working_set(i)) for i in range(len(self.operators)))


def _bytes(elements: int, bits: float) -> int:
    return -(-int(elements * bits) // BITS_PER_BYTE)
