"""Whose fitted numbers serve a kernel: its own, a neighbour's, or nobody's, and does the answer say so?"""

import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.calibration.basis import Relation, basis_of
from narrowgauge.calibration.record import shipped
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import UnsupportedError

A100, H100 = "a100-sxm-80gb", "h100-sxm"


def basis(machine, precision, library, family="gemm"):
    return basis_of(family, Variant(precision, library), load_machine(machine))


def test_own_fit_of_this_library_comes_first():
    found = basis(A100, "bf16", "vllm")
    assert (found.relation, found.library) == (Relation.OWN, "vllm")
    fit = shipped(A100, "gemm").precisions["bf16"]
    assert found.parameters == fit.libraries["vllm"].values()
    assert found.fit is fit.libraries["vllm"] and found.source == "fit a100-sxm-80gb bf16/vllm"


@pytest.mark.parametrize("library", ["", "nobody"])
def test_an_unknown_library_is_served_by_the_one_with_most_rows(library):
    libraries = shipped(H100, "gemm").precisions["fp8-block128"].libraries
    found = basis(H100, "fp8-block128", library)
    assert found.relation is Relation.OWN
    assert found.library == max(libraries, key=lambda name: libraries[name].rows)
    assert found.variant == Variant("fp8-block128", found.library)


def test_a_relative_of_the_library_goes_before_the_most_rows():
    assert basis(H100, "bf16", "sglang-other", "attention-decode").library.startswith("sglang")


@pytest.mark.parametrize(
    ("machine", "precision", "nearest"),
    [(H100, "fp16", "bf16"), (H100, "fp8-static", "bf16"), (A100, "w4a16-g128", "w4a16"), (A100, "fp16", "bf16")],
)
def test_an_unmeasured_format_takes_the_machines_nearest(machine, precision, nearest):
    found = basis(machine, precision, "trtllm")
    assert found.relation is Relation.PRECISION
    assert found.source == f"nearest precision {machine} {nearest}/trtllm"


def test_weight_only_kernels_on_hopper_come_from_ampere():
    """Hopper's own bf16 kernels feed the tensor cores otherwise: the A100's weight-only fit says more."""
    found = basis(H100, "w4a16", "trtllm")
    assert found.relation is Relation.TRANSFER
    assert found.source == "transfer from a100-sxm-80gb w4a16/trtllm"


@pytest.mark.parametrize(
    ("machine", "origin", "relation"),
    [
        ("a100-pcie-40gb", A100, Relation.SIBLING),
        ("h200-sxm", H100, Relation.SIBLING),
        ("h800-pcie", H100, Relation.SIBLING),
        ("l40s", A100, Relation.TRANSFER),
        ("rtx-3090", A100, Relation.TRANSFER),
    ],
)
@pytest.mark.parametrize("family", ["gemm", "attention-prefill", "attention-decode"])
def test_an_unmeasured_machine_takes_the_nearest_architecture(machine, origin, relation, family):
    found = basis(machine, "bf16", "vllm", family)
    assert found.relation is relation
    assert f" {origin} bf16/" in found.source


def test_fp8_on_ada_comes_from_the_only_machine_that_measured_it():
    assert basis("l40s", "fp8-dynamic", "vllm").source == "transfer from h100-sxm fp8-dynamic/vllm"


@pytest.mark.parametrize("family", ["all-reduce", "all-gather"])
def test_nothing_measured_means_documented_initial_values(family):
    found = basis(H100, "bf16", "nccl", family)
    wanted = FAMILIES[family].parameters(Variant("bf16", "nccl"), load_machine(H100).resources)
    assert found.relation is Relation.UNFITTED and found.fit is None
    assert found.parameters == {p.name: p.initial for p in wanted}
    assert "nothing fitted" in found.source


def test_a_what_if_machine_is_no_longer_measured():
    real = load_machine(H100)
    faster = real.with_(**{"dram.bandwidth_gb_per_s": 4800})
    one, other = (basis_of("gemm", Variant("bf16", "trtllm"), machine) for machine in (real, faster))
    assert (one.relation, other.relation) == (Relation.OWN, Relation.SIBLING)
    assert one.parameters == other.parameters


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("machine", [A100, H100, "rtx-4070", "l40s"])
def test_every_parameter_is_there(family, machine):
    variant = {"elementwise": Variant("rmsnorm", "")}.get(family, Variant("bf16", ""))
    found = basis_of(family, variant, load_machine(machine))
    wanted = FAMILIES[family].parameters(found.variant, load_machine(machine).resources)
    assert {p.name for p in wanted} <= set(found.parameters)


def test_what_cannot_run_is_refused():
    with pytest.raises(UnsupportedError, match="fp8 operand"):
        basis(A100, "fp8-dynamic", "vllm")
