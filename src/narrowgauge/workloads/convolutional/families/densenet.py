"""DenseNet (Huang et al., CVPR 2017): every layer sees all features before it. The features so far are one tensor, which each
layer's concatenation makes anew."""

from __future__ import annotations

from collections.abc import Sequence

from narrowgauge.workloads.convolutional.network import Builder

CLASSES = 1000
BOTTLENECK = 4  # channels of the 1 × 1 convolution, in units of the growth


def build(builder: Builder, depths: Sequence[int], growth: int, stem: int) -> None:
    """`growth`: channels that a layer adds."""
    x = builder.conv("conv0", "input", stem, 7, 2, 3)
    x = builder.pool("pool0", x, 3, 2, 1)
    for block, depth in enumerate(depths, 1):
        for layer in range(1, depth + 1):
            name = f"block{block}.layer{layer}"
            new = builder.conv(f"{name}.conv1", builder.normalise(f"{name}.norm1", x), BOTTLENECK * growth, 1)
            new = builder.conv(f"{name}.conv2", new, growth, 3)
            x = builder.concat(f"{name}.concat", x, new)
        x = builder.normalise(f"block{block}.norm", x)
        if block < len(depths):
            x = builder.conv(f"transition{block}.conv", x, builder.shape(x)[0] // 2, 1)
            x = builder.pool(f"transition{block}.pool", x, 2, 2)
    builder.linear("classifier", builder.mean("mean", x), CLASSES)
