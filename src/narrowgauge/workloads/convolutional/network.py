"""A network as layers in an order in which they can run, and the builder that family files use.

Batch size 1. Activations and normalisations that follow a convolution are part of it; a normalisation that does not is a
multiplication and an addition. Shapes are (channels, *spatial): two spatial dimensions for images, three for video.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

Extent = int | Sequence[int]


@dataclass(frozen=True)
class Layer:
    """One operator: where its inputs come from, what it puts out, weights (biases left out) and multiply-accumulates."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: int = 0
    macs: int = 0

    @property
    def elements(self) -> int:
        """Elements of the output."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Network:
    """Layers by order; the first is the input."""

    name: str
    layers: tuple[Layer, ...]

    @cached_property
    def by_name(self) -> dict[str, Layer]:
        """Layers by name."""
        return {layer.name: layer for layer in self.layers}

    @property
    def parameters(self) -> int:
        """All weights."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one input."""
        return sum(layer.macs for layer in self.layers)

    @property
    def weighted(self) -> tuple[Layer, ...]:
        """Convolutions and linear layers."""
        return tuple(layer for layer in self.layers if layer.kind in ("conv", "linear"))


class Builder:
    """Adds layers and returns their names. With `explicit_padding`, symmetric padding that the "same" rule of strided operators
    does not give becomes an operator of its own, as in graphs exported for mobile runtimes."""

    def __init__(self, shape: Sequence[int], explicit_padding: bool = False) -> None:
        self.explicit_padding = explicit_padding
        self.layers: dict[str, Layer] = {}
        self.add_layer("input", "input", (), shape)

    def add_layer(
        self, name: str, kind: str, inputs: Sequence[str], shape: Sequence[int], parameters: int = 0, macs: int = 0
    ) -> str:
        """Any layer."""
        self.layers[name] = Layer(name, kind, tuple(inputs), tuple(shape), parameters, macs)
        return name

    def shape(self, name: str) -> tuple[int, ...]:
        """A layer's output."""
        return self.layers[name].shape

    def conv(
        self,
        name: str,
        x: str,
        channels: int,
        kernel: Extent,
        stride: Extent = 1,
        padding: Extent | None = None,
        groups: int = 1,
        dilation: int = 1,
    ) -> str:
        """A convolution; without `padding` it keeps the size at stride 1."""
        extents = self._extents(x, kernel)
        pads = [dilation * (k - 1) // 2 for k in extents] if padding is None else self._extents(x, padding)
        shape, source = self._windowed(name, x, extents, self._extents(x, stride), pads, dilation)
        weights = channels * (self.shape(x)[0] // groups) * math.prod(extents)
        return self.add_layer(name, "conv", (source,), (channels, *shape), weights, weights * math.prod(shape))

    def pool(self, name: str, x: str, kernel: Extent, stride: Extent, padding: Extent = 0) -> str:
        """Maximum or average over windows."""
        extents, strides, pads = (self._extents(x, e) for e in (kernel, stride, padding))
        shape, source = self._windowed(name, x, extents, strides, pads, 1)
        return self.add_layer(name, "pool", (source,), (self.shape(x)[0], *shape))

    def mean(self, name: str, x: str) -> str:
        """The mean over space."""
        return self.add_layer(name, "mean", (x,), (self.shape(x)[0], *(1 for _ in self.shape(x)[1:])))

    def linear(self, name: str, x: str, channels: int) -> str:
        """A fully connected layer."""
        weights = channels * math.prod(self.shape(x))
        return self.add_layer(name, "linear", (x,), (channels,), weights, weights)

    def add(self, name: str, *inputs: str) -> str:
        """A sum of equal shapes."""
        return self.add_layer(name, "add", inputs, self.shape(inputs[0]))

    def concat(self, name: str, *inputs: str) -> str:
        """Channels side by side."""
        channels = sum(self.shape(x)[0] for x in inputs)
        return self.add_layer(name, "concat", inputs, (channels, *self.shape(inputs[0])[1:]))

    def normalise(self, name: str, x: str) -> str:
        """A normalisation that no convolution takes in: scale, then shift and activation."""
        scaled = self.add_layer(f"{name}.scale", "multiply", (x,), self.shape(x))
        return self.add_layer(name, "shift", (scaled,), self.shape(x))

    def resize(self, name: str, x: str, spatial: Sequence[int]) -> str:
        """Interpolation to a spatial size."""
        return self.add_layer(name, "resize", (x,), (self.shape(x)[0], *spatial))

    def network(self, name: str) -> Network:
        """What was built."""
        return Network(name, tuple(self.layers.values()))

    def _extents(self, x: str, extent: Extent) -> list[int]:
        spatial = len(self.shape(x)) - 1
        return [extent] * spatial if isinstance(extent, int) else list(extent)

    def _windowed(
        self, name: str, x: str, kernel: list[int], stride: list[int], padding: list[int], dilation: int
    ) -> tuple[list[int], str]:
        size = self.shape(x)[1:]
        spans = [dilation * (k - 1) + 1 for k in kernel]
        shape = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, spans, stride, padding, strict=True)]
        same = [max((o - 1) * s + k - n, 0) for n, k, s, o in zip(size, spans, stride, shape, strict=True)]
        if not self.explicit_padding or all(2 * p in (0, total) for p, total in zip(padding, same, strict=True)):
            return shape, x
        padded = [n + 2 * p for n, p in zip(size, padding, strict=True)]
        return shape, self.add_layer(f"{name}.pad", "pad", (x,), (self.shape(x)[0], *padded))
