"""LUT Tensor Core (Mo et al., ISCA 2025) in its place: a whole model on a calibrated GPU whose tensor cores were replaced.

The unit is `archmodels.units.lut`; memory system, clocks, shared memory and kernels are those of the GPU. Areas, powers and peaks
of the unit itself are in `lut_hardware`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from narrowgauge.archmodels import Machine, load_gpu
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.unit import TensorUnit
from narrowgauge.errors import UnsupportedError
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.lowering import lower
from narrowgauge.experiments.lowering_call import Call
from narrowgauge.experiments.lowering_tables import Precompute
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_passes import Weighted, assemble
from narrowgauge.experiments.predict_pricing import price_calls
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.experiments.serving import framework
from narrowgauge.experiments.unfused_attention import unfused
from narrowgauge.formats import parse_scheme
from narrowgauge.units import US_PER_MS
from narrowgauge.workloads import Phase, build_graph, read_model

NO_UNIT = "none"
PERCENT = 100.0
SAME_WIDTH = {"int8": "w8a8", "fp8": "fp8-static", "fp16": "fp16"}  # scheme whose weights are as wide as the activations
PAPER_CLOCK = {"clock.boost_mhz": 1410.0, "clock.tensor_peak_mhz": 1410.0}


@dataclass(frozen=True)
class Case:
    """One pass of a model over `batch` sequences of `tokens` tokens."""

    model: Annotated[str, "model card or config.json"] = "bitnet-3b"
    on: Annotated[str, "GPU whose tensor cores are replaced"] = "a100-pcie-80gb"
    unit: Annotated[str, "unit in their place; none: the tensor cores themselves"] = NO_UNIT
    scheme: Annotated[str, "number formats"] = "w2a8"
    batch: Annotated[int, "sequences"] = 1
    tokens: Annotated[int, "tokens of each sequence in this pass"] = 2048
    method: Annotated[Literal["in place", "trace"], "the unit in the SM, or traces of narrower products"] = "in place"
    attention: Annotated[Literal["unfused", "fused"], "whether scores go through memory"] = "unfused"
    precompute: Annotated[Literal["fused", "separate"], "who makes the tables"] = "fused"
    registers_kb: Annotated[int, "register file of an SM with another unit; 512 KB hold the paper's tiles of 128 × 512 sums"] = (
        512
    )
    clock: Annotated[Literal["paper", "board"], "1.41 GHz, as the paper normalises every design, or the board's own"] = "paper"


def predict(case: Case) -> Mapping[str, float | Estimate]:
    """Time of the pass; raises UnsupportedError where the GPU has no instruction for the scheme or the unit refuses it."""
    machine = _machine(case)
    if machine.unit is not None and machine.unit.product(parse_scheme(case.scheme)) is None:
        raise UnsupportedError(f"{machine.unit.name} does not multiply {case.scheme}")
    took = _pass_us(case, machine, Precompute(case.precompute))
    found: dict[str, float | Estimate] = {"latency_ms": took.scaled(1 / US_PER_MS)}
    if machine.unit is not None:
        found["precompute_percent"] = PERCENT * (took.value / _pass_us(case, machine, Precompute.FREE).value - 1.0)
    return found


def _pass_us(case: Case, machine: Machine, precompute: Precompute) -> Estimate:
    model, scheme, kernels = read_model(case.model), parse_scheme(case.scheme), framework("none")
    graph = build_graph(model, scheme, Phase.PREFILL, batch=case.batch, query_len=case.tokens, context_len=0, tensor_parallel=1)
    calls = lower(graph, machine.resources, kernels, precompute)
    if case.attention == "unfused":
        calls = [kernel for call in calls for kernel in unfused(call)]
    if machine.unit is not None and case.method == "trace":
        machine, calls = _traced(machine, machine.unit, calls, case)
    prices = price_calls(calls, machine, Fidelity.ANALYTIC, physics_only=False)
    weighted = [Weighted(call) for call in calls]
    return assemble(Phase.PREFILL, 1, weighted, prices, machine, kernels, case.batch * model.vocab).latency_us


def _traced(machine: Machine, unit: TensorUnit, calls: list[Call], case: Case) -> tuple[Machine, list[Call]]:
    """Products as the authors simulate them (Hamerlate/lut_tensor_core, accel-sim/README.md): the trace of a product with weights
    as wide as its activations, with as many columns as have the bytes of the narrow weights, and its multiplications
    repeated until they count for all of them. Sums, results and their traffic are those of the fewer columns."""
    scheme = parse_scheme(case.scheme)
    product = unit.product(scheme)
    assert product is not None  # noqa: S101 - `predict` has asked
    share = scheme.weight.bits / scheme.activation.bits
    operand = scheme.mma_operand(machine.resources.tensor_macs)
    slower = replace(machine, unit=None).with_(**{f"tensor_macs_per_sm_cycle.{operand}": product.macs * share})
    kernels = SAME_WIDTH[operand]

    def narrow(call: Call) -> Call:
        if call.family != "gemm" or parse_scheme(call.variant.precision).weight.bits != scheme.weight.bits:
            return call
        m, n, k = call.row
        return replace(call, variant=Variant(kernels, call.variant.library), row=(m, n * share, k))

    return slower, [narrow(call) for call in calls]


def _machine(case: Case) -> Machine:
    machine = load_gpu(case.on)
    if case.clock == "paper":
        machine = machine.with_(**PAPER_CLOCK)
    if case.unit == NO_UNIT:
        return machine
    return machine.with_(**{"sm.registers_kb": case.registers_kb}).replace_unit("tensor_core", case.unit)


MEASURES = {
    "latency_ms": Measure("ms", "one pass over the whole batch"),
    "precompute_percent": Measure("%", "time of the pass spent on making tables"),
}
EXPERIMENT = Experiment("lut-tensor-core", Case, predict, MEASURES)
