"""VGG (Simonyan and Zisserman, ICLR 2015): a chain of 3 × 3 convolutions."""

from __future__ import annotations

from collections.abc import Sequence

from narrowgauge.workloads.convolutional.network import Builder

HIDDEN, CLASSES = 4096, 1000


def build(builder: Builder, stages: Sequence[tuple[int, int]]) -> None:
    """`stages`: channels and number of convolutions before each pooling."""
    x = "input"
    for stage, (channels, count) in enumerate(stages, 1):
        for unit in range(1, count + 1):
            x = builder.conv(f"stage{stage}.conv{unit}", x, channels, 3)
        x = builder.pool(f"stage{stage}.pool", x, 2, 2)
    x = builder.linear("hidden1", x, HIDDEN)
    x = builder.linear("hidden2", x, HIDDEN)
    builder.linear("classifier", x, CLASSES)
