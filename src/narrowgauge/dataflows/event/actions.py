"""Which part of a kernel is charged for which action: a load for DRAM bytes, the multiplier for products, and so on."""

from __future__ import annotations

from narrowgauge.dataflows.event.cta import CtaKernel

#: resource that an action belongs to, by the beginning of its name; the first that a kernel has a stage or span of is charged
OWNERS = {
    "dram_byte": ("dram",),
    "l2_byte": ("l2",),
    "link_byte": ("link", "move"),
    "smem_byte": ("l2_port", "tensor_core", "cuda_core"),
    "mac_": ("tensor_core", "cuda_core"),
    "unit_": ("tensor_core",),
    "alu_": ("cuda_core", "tensor_core"),
}


def charges(kernel: CtaKernel) -> dict[str, dict[str, float]]:
    """Actions of the whole kernel by the resource of the stage (or the category of the span) that is charged for them; what no
    part owns is charged to the launch."""
    present = [stage.resource for stage in kernel.stages] if len(kernel.steps) else [span.category for span in kernel.before]
    shared: dict[str, dict[str, float]] = {}
    for action, count in kernel.actions.items():
        owners = next((names for prefix, names in OWNERS.items() if action.startswith(prefix)), ())
        owner = next((name for name in owners if name in present), "launch")
        shared.setdefault(owner, {})[action] = count
    return shared
