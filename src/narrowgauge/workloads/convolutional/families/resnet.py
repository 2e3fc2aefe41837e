"""Residual networks (He et al., CVPR 2016), with grouped convolutions (ResNeXt, Xie et al., CVPR 2017), and dilated with a head
for segmentation (FCN, Long et al.; DeepLabV3, Chen et al., arXiv 1706.05587)."""

from __future__ import annotations

from collections.abc import Sequence

from narrowgauge.workloads.convolutional.network import Builder

STEM = 64
CLASSES, SEGMENTS = 1000, 21
DILATIONS = {"fcn": (1, 1, 2, 4), "deeplab": (1, 1, 2, 4)}
ASPP_RATES = (12, 24, 36)


def build(
    builder: Builder,
    block: str,
    depths: Sequence[int],
    groups: int = 1,
    width: int = STEM,
    head: str = "classify",
    stride_first: bool = False,
) -> None:
    """`width`: channels of the first stage's 3 × 3 convolutions; `stride_first` puts strides into the 1 × 1 ones before them."""
    x = builder.conv("conv1", "input", STEM, 7, 2, 3)
    x = builder.pool("pool1", x, 3, 2, 1)
    rates = DILATIONS.get(head, (1,) * len(depths))
    for stage, (depth, rate) in enumerate(zip(depths, rates, strict=True)):
        channels, middle = STEM << stage, width << stage
        for unit in range(depth):
            stride = 2 if unit == 0 and stage > 0 and rate == 1 else 1
            # the first unit of a dilated stage still has the rate of the stage before (torchvision)
            dilation = rates[stage - 1] if unit == 0 and stage > 0 else rate
            name = f"stage{stage + 1}.unit{unit + 1}"
            if block == "basic":
                x = _basic(builder, name, x, channels, stride)
            else:
                strides = (stride, 1) if stride_first else (1, stride)
                x = _bottleneck(builder, name, x, channels * 4, middle, strides, groups, dilation)
    {"classify": _classify, "fcn": _fcn, "deeplab": _deeplab}[head](builder, x)


def _shortcut(builder: Builder, name: str, x: str, channels: int, stride: int) -> str:
    if stride == 1 and builder.shape(x)[0] == channels:
        return x
    return builder.conv(f"{name}.downsample", x, channels, 1, stride)


def _basic(builder: Builder, name: str, x: str, channels: int, stride: int) -> str:
    main = builder.conv(f"{name}.conv1", x, channels, 3, stride, 1)
    main = builder.conv(f"{name}.conv2", main, channels, 3)
    return builder.add(f"{name}.add", main, _shortcut(builder, name, x, channels, stride))


def _bottleneck(
    builder: Builder, name: str, x: str, channels: int, middle: int, strides: tuple[int, int], groups: int, dilation: int
) -> str:
    main = builder.conv(f"{name}.conv1", x, middle, 1, strides[0])
    main = builder.conv(f"{name}.conv2", main, middle, 3, strides[1], dilation, groups=groups, dilation=dilation)
    main = builder.conv(f"{name}.conv3", main, channels, 1)
    return builder.add(f"{name}.add", main, _shortcut(builder, name, x, channels, max(strides)))


def _classify(builder: Builder, x: str) -> None:
    builder.linear("classifier", builder.mean("mean", x), CLASSES)


def _fcn(builder: Builder, x: str) -> None:
    x = builder.conv("head.conv", x, builder.shape(x)[0] // 4, 3)
    x = builder.conv("head.classes", x, SEGMENTS, 1)
    builder.resize("head.resize", x, builder.shape("input")[1:])


def _deeplab(builder: Builder, x: str) -> None:
    channels = builder.shape(x)[0] // 8
    branches = [builder.conv("aspp.conv0", x, channels, 1)]
    branches += [builder.conv(f"aspp.conv{i}", x, channels, 3, dilation=r) for i, r in enumerate(ASPP_RATES, 1)]
    pooled = builder.conv("aspp.pooled", builder.mean("aspp.mean", x), channels, 1)
    branches.append(builder.resize("aspp.resize", pooled, builder.shape(x)[1:]))
    x = builder.conv("aspp.project", builder.concat("aspp.concat", *branches), channels, 1)
    x = builder.conv("head.conv", x, channels, 3)
    x = builder.conv("head.classes", x, SEGMENTS, 1)
    builder.resize("head.resize", x, builder.shape("input")[1:])
