"""What a number format means for a GEMM kernel: bytes, the multiplier's operand, conversion work, who quantises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from narrowgauge import units
from narrowgauge.dataflows.conversion import instructions_per_weight
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.kernels_lowbit.catalogue import described
from narrowgauge.dataflows.kernels_lowbit.description import LowBitKernel
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.dataflows.unit import TensorUnit, UnitProduct
from narrowgauge.formats import QuantScheme, parse_scheme

#: operand and action of a unit in the tensor core's place; the action is counted in picojoule
UNIT, UNIT_PJ = "unit", "unit_pj"


@dataclass(frozen=True)
class Operands:
    """What a scheme means for a GEMM kernel on a GPU."""

    scheme: QuantScheme
    operand: str
    weight_bytes: float
    activation_bytes: float
    output_bytes: float
    conversion: Mapping[str, float]
    promotes: bool
    quantizes: bool
    product: UnitProduct | None

    @property
    def weight_only(self) -> bool:
        """Whether narrow weights meet 16-bit activations."""
        return bool(self.conversion) and not self.scheme.activation.is_quantized


@lru_cache(maxsize=256)
def _operands(precision: str, tensor_formats: frozenset[str], unit: TensorUnit | None) -> Operands:
    scheme = parse_scheme(precision)
    product = unit.product(scheme) if unit else None
    if product is not None:
        return _of_unit(scheme, product)
    operand = scheme.mma_operand(tensor_formats)
    return Operands(
        scheme=scheme,
        operand=operand,
        weight_bytes=float(scheme.weight_bits) / units.BITS_PER_BYTE,
        activation_bytes=float(scheme.activation_bits) / units.BITS_PER_BYTE,
        output_bytes=float(scheme.output.storage_bits) / units.BITS_PER_BYTE,
        conversion=instructions_per_weight(scheme, operand),
        promotes=scheme.activation.is_quantized and scheme.weight.scale_group is not None,
        quantizes=includes_quantize(scheme),
        product=None,
    )


def _of_unit(scheme: QuantScheme, product: UnitProduct) -> Operands:
    """Operands go into the unit as they are stored; sums that wait for a group's scale still pass through the CUDA cores."""
    return Operands(
        scheme=scheme,
        operand=UNIT,
        weight_bytes=float(scheme.weight_bits) / units.BITS_PER_BYTE,
        activation_bytes=product.activation_bytes,
        output_bytes=float(scheme.output.storage_bits) / units.BITS_PER_BYTE,
        conversion={},
        promotes=scheme.weight.scale_group is not None,
        quantizes=False,
        product=product,
    )


def operands_of(variant: Variant, gpu: GpuResources) -> Operands:
    """The operands of the variant on this GPU; raises UnsupportedError with the reason if it cannot run."""
    operands, kernel = _operands(variant.precision, frozenset(gpu.tensor_macs), gpu.unit), described(variant.library)
    if kernel is None or operands.product is not None or not (operands.conversion or kernel.takes(variant.precision)):
        return operands
    return replace(operands, conversion=kernel.counts(variant.precision), promotes=kernel.group_in_loop)


def kernel_of(variant: Variant, operands: Operands) -> LowBitKernel | None:
    """The description of the kernel that multiplies them, where there is one."""
    kernel = described(variant.library)
    return kernel if kernel and kernel.takes(variant.precision) and operands.product is None else None


def includes_quantize(scheme: QuantScheme) -> bool:
    """Whether a GEMM of this scheme is timed together with the kernel that quantises its activations (dynamic FP8)."""
    return scheme.activation_quantize and scheme.activation.format.name.startswith("fp8")
