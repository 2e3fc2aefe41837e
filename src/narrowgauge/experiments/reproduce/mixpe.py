"""MixPE (Zhang et al., arXiv 2411.16158): time and energy of transformer layers on mixed-precision and baseline arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels.accelerator import Layer, LayerCost, load_accelerator, matrix_layer
from narrowgauge.errors import UnsupportedError
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import read_model
from narrowgauge.workloads.layers import linears

BASELINE = "fp16"


@dataclass(frozen=True)
class Case:
    """One model on one design."""

    model: Annotated[str, "vit-base, vit-huge, model card or config.json"] = "opt-6.7b"
    design: Annotated[Literal["mixpe-w4a8", "ant", "bitfusion", "int8", "mixpe-w4a16", "fp16"], "array, formats"] = "mixpe-w4a8"
    batch: Annotated[int, "rows of every product"] = 64
    operands: Annotated[Literal["artifact", "stated"], "widths of the authors' benchmarks, or those of the design's name"] = (
        "artifact"
    )


@dataclass(frozen=True)
class Design:
    """An accelerator and the formats of its products: in most layers, in the `others`, and of the patches of an image."""

    accelerator: str
    scheme: str
    patches: str
    others: str | None = None
    #: share of layers whose products are in `others`, and the maps that this concerns (none: all)
    other_share: float = 0.0
    other_maps: tuple[str, ...] = ()


#: gen_bench.py of the artifact: which layers have which widths; both operands of a product have the same
ARTIFACT = {
    "mixpe-w4a8": Design("mixpe-w4a8-chip", "w4a4-g128-sym", "w8a8"),
    "mixpe-w4a16": Design("mixpe-w4a16-chip", "w8a8-g128", "fp16"),
    "ant": Design("mixpe-int8-chip", "w4a4", "w8a8", "w8a8", 1 / 5),
    "bitfusion": Design("mixpe-bitfusion-chip", "w8a8", "w8a8", "w4a4", 1 / 2, ("attn.o",)),
    "int8": Design("mixpe-int8-chip", "w8a8", "w8a8"),
    "fp16": Design("mixpe-fp16-chip", "fp16", "fp16"),
}
STATED = {
    **ARTIFACT,
    "mixpe-w4a8": Design("mixpe-w4a8-chip", "w4a8-g128-sym", "w8a8"),
    "mixpe-w4a16": Design("mixpe-w4a16-chip", "w4a16-g128-sym", "fp16"),
}


@dataclass(frozen=True)
class VisionTransformer:
    """An encoder over patches of an image; patches of `patch` × `patch` pixels of three colours, `side` of them a side."""

    layers: int
    hidden: int
    patch: int = 16
    side: int = 14


#: as the artifact has them; the published ViT-Huge has patches of 14 × 14
VISION = {"vit-base": VisionTransformer(12, 768), "vit-huge": VisionTransformer(32, 1280)}
COLOURS, MLP_RATIO = 3, 4
BLOCKS = ("attn.", "mlp.")  # the maps that the benchmarks hold; embedding and output head are not among them


def predict(case: Case) -> Mapping[str, float]:
    """The design and the FP16 one on the same products; times and energies over those of FP16."""
    cost, reference = _cost(case, case.design), _cost(case, BASELINE)

    def share(*parts: str) -> float:
        return sum(cost.energy_pj[part] for part in parts) / reference.total_pj

    return {
        "time": cost.cycles / reference.cycles,
        "static": share("dram_static"),
        "dram": share("dram"),
        "buffer": share("buffer_read", "buffer_write"),
        "core": share("pe_array", "pe_leakage"),
        "energy": cost.total_pj / reference.total_pj,
    }


def _cost(case: Case, name: str) -> LayerCost:
    design = (ARTIFACT if case.operands == "artifact" else STATED)[name]
    return load_accelerator(design.accelerator).run(_layers(case, design))


def _layers(case: Case, design: Design) -> Iterator[Layer]:
    """The linear maps of all layers on `batch` rows; of an encoder also its patches, as a matrix product."""
    for name, n, k, count in _maps(case.model):
        others = int(count * design.other_share) if name in design.other_maps or not design.other_maps else 0
        for scheme, copies in ((design.scheme, count - others), (design.others, others)):
            if scheme and copies:
                yield matrix_layer(name, case.batch, n, k, parse_scheme(scheme), copies)
    if case.model in VISION:
        vision = VISION[case.model]
        rows, pixels = case.batch * vision.side**2, COLOURS * vision.patch**2
        yield matrix_layer("patches", rows, vision.hidden, pixels, parse_scheme(design.patches))


def _maps(model: str) -> Iterator[tuple[str, int, int, int]]:
    """Name, outputs, inputs and layers of each linear map between the embedding and the output head."""
    if model in VISION:
        layers, hidden = VISION[model].layers, VISION[model].hidden
        shapes = {"qkv": (3 * hidden, hidden), "o": (hidden, hidden)}
        mlp = {"up": (MLP_RATIO * hidden, hidden), "down": (hidden, MLP_RATIO * hidden)}
        yield from ((f"attn.{name}", n, k, layers) for name, (n, k) in shapes.items())
        yield from ((f"mlp.{name}", n, k, layers) for name, (n, k) in mlp.items())
        return
    config = read_model(model)
    if config.moe:
        raise UnsupportedError(f"{model} has experts: how many rows each of them gets is not known here")
    blocks = (linear for linear in linears(config) if linear.name.startswith(BLOCKS))
    yield from ((linear.name, linear.n, linear.k, linear.layers) for linear in blocks)


EXPERIMENT = Experiment(
    "mixpe",
    Case,
    predict,
    {
        "time": Measure("x", "cycles over those of the FP16 design"),
        "static": Measure("x", "static energy of DRAM over the whole energy of the FP16 design"),
        "dram": Measure("x", "energy of DRAM accesses, likewise"),
        "buffer": Measure("x", "energy of buffer accesses, likewise"),
        "core": Measure("x", "energy of the PEs, likewise"),
        "energy": Measure("x", "whole energy, likewise"),
    },
)
