"""MobileNetV2 (Sandler et al., CVPR 2018): inverted residuals, table 2 of the paper."""

from __future__ import annotations

from narrowgauge.workloads.convolutional.network import Builder

#: expansion, channels, units, stride of the first one
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
STEM, LAST, CLASSES = 32, 1280, 1000


def build(builder: Builder) -> None:
    """No numbers: there is one network."""
    x = builder.conv("conv0", "input", STEM, 3, 2, 1)
    for stage, (expansion, channels, units, first) in enumerate(STAGES, 1):
        for unit in range(1, units + 1):
            x = _unit(builder, f"stage{stage}.unit{unit}", x, expansion, channels, first if unit == 1 else 1)
    x = builder.conv("conv.last", x, LAST, 1)
    builder.linear("classifier", builder.mean("mean", x), CLASSES)


def _unit(builder: Builder, name: str, x: str, expansion: int, channels: int, stride: int) -> str:
    wide = expansion * builder.shape(x)[0]
    main = builder.conv(f"{name}.expand", x, wide, 1) if expansion > 1 else x
    main = builder.conv(f"{name}.depthwise", main, wide, 3, stride, 1, groups=wide)
    main = builder.conv(f"{name}.project", main, channels, 1)
    if stride > 1 or builder.shape(x) != builder.shape(main):
        return main
    return builder.add(f"{name}.add", x, main)
