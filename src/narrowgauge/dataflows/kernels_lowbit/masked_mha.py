"""Decode attention by one CTA per query head on CUDA cores (FasterTransformer's masked multi-head attention and what grew
from it).

The calibrated kernel of this kind keeps its keys and values in 16 bits and computes in FP32. Descendants differ in three ways:
which groups of query heads go to a tensor-core kernel instead, how many elements an instruction works on, and what it costs to
turn a narrow cache into operands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.conversion import cycles_per_weight
from narrowgauge.dataflows.family import Array, Variant
from narrowgauge.dataflows.resources import GpuResources

Counts = Mapping[str, float]


@dataclass(frozen=True)
class MaskedMha:
    """Decode attention of one library.

    `tensor_groups`: query heads per KV head for which it has a tensor-core kernel. `elements`: per instruction, 2 where FP32
    arithmetic was replaced by half2. `conversion`: instruction results per cache element, by precision."""

    library: str
    source: str
    tensor_groups: tuple[int, ...]
    elements: float
    conversion: Mapping[str, Counts]

    def takes_scalar(self, group: Array) -> Array:
        """Whether rows with that many query heads per KV head run on CUDA cores."""
        return ~np.isin(group, self.tensor_groups)

    def parameters(self, precision: str, gpu: GpuResources, params: Mapping[str, float]) -> dict[str, float]:
        """The fitted parameters with this kernel's operations per multiply-accumulate."""
        converting = cycles_per_weight(self.conversion.get(precision, {}), gpu) * gpu.alu_results["fp32"]
        return {**params, "scalar_ops": params["scalar_ops"] / self.elements + converting}


_KV4 = {f"{query}-kvint4": {"lop3": 0.5, "shift": 0.125, "fp16x": 2.0} for query in ("bf16", "fp16")}
QSERVE = MaskedMha(
    library="qserve",
    source="QServe, arXiv 2405.04532, section 5.3: FP16 in place of FP32 arithmetic, INT4 → FP16 by bit operations, a scale and "
    "a zero point per head; kernels/csrc/fused_attention reads the cache once per query head",
    tensor_groups=(),
    elements=2.0,
    conversion=_KV4,
)
COMET = MaskedMha(
    library="comet",
    source="COMET, arXiv 2410.12168: 4-bit caches read by a kernel of the same kind as QServe's, as far as the paper says",
    tensor_groups=(),
    elements=2.0,
    conversion=_KV4,
)
TRTLLM_09 = MaskedMha(
    library="trtllm-0.9",
    source="TensorRT-LLM 0.8 and 0.9, docs/source/gpt_attention.md: XQA is experimental and supports few configurations, "
    "Llama-2-70B (eight query heads per KV head) being one; all others take masked multi-head attention",
    tensor_groups=(8,),
    elements=1.0,
    conversion={},
)
KERNELS = {kernel.library: kernel for kernel in (QSERVE, COMET, TRTLLM_09)}


def masked_mha(library: str) -> MaskedMha | None:
    """The kernel of that library, None for one that is calibrated or unknown."""
    return KERNELS.get(library)


def calibrated(variant: Variant) -> Variant:
    """The variant whose fit serves the tensor-core part of this one."""
    return Variant(variant.precision, "trtllm") if variant.library in KERNELS else variant
