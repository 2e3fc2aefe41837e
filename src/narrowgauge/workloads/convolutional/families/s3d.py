"""S3D (Xie et al., ECCV 2018): an Inception network for video whose k × k × k convolutions are separated into space and time."""

from __future__ import annotations

from narrowgauge.workloads.convolutional.network import Builder

#: channels of the four branches of an Inception unit: 1 × 1; 1 × 1, then k = 3; 1 × 1, then k = 3; pooling, then 1 × 1
THIRD = ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64))
FOURTH = (
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
)
FIFTH = ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128))
CLASSES = 400


def build(builder: Builder) -> None:
    """No numbers: there is one network."""
    x = _separable(builder, "conv1", "input", 64, 7, 2, 3)
    x = builder.pool("pool1", x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
    x = builder.conv("conv2", x, 64, 1)
    x = _separable(builder, "conv3", x, 192, 3, 1, 1)
    x = builder.pool("pool2", x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
    for group, units in ((3, THIRD), (4, FOURTH), (5, FIFTH)):
        for unit, channels in enumerate(units):
            x = _mixed(builder, f"mixed{group}{'bcdef'[unit]}", x, channels)
        if group == 3:  # noqa: PLR2004
            x = builder.pool("pool3", x, 3, 2, 1)
        elif group == 4:  # noqa: PLR2004
            x = builder.pool("pool4", x, 2, 2)
    builder.conv("classifier", builder.mean("mean", x), CLASSES, 1)


def _separable(builder: Builder, name: str, x: str, channels: int, kernel: int, stride: int, padding: int) -> str:
    x = builder.conv(f"{name}.space", x, channels, (1, kernel, kernel), (1, stride, stride), (0, padding, padding))
    return builder.conv(f"{name}.time", x, channels, (kernel, 1, 1), (stride, 1, 1), (padding, 0, 0))


def _mixed(builder: Builder, name: str, x: str, channels: tuple[int, ...]) -> str:
    one = builder.conv(f"{name}.a", x, channels[0], 1)
    two = _separable(builder, f"{name}.b", builder.conv(f"{name}.b0", x, channels[1], 1), channels[2], 3, 1, 1)
    three = _separable(builder, f"{name}.c", builder.conv(f"{name}.c0", x, channels[3], 1), channels[4], 3, 1, 1)
    four = builder.conv(f"{name}.d", builder.pool(f"{name}.pool", x, 3, 1, 1), channels[5], 1)
    return builder.concat(f"{name}.concat", one, two, three, four)
