"""Whether a model fits into the GPU's memory, and what would make it fit."""

from __future__ import annotations

from narrowgauge.archmodels import load_gpu, machine_names
from narrowgauge.errors import CapacityError, InputError
from narrowgauge.experiments.predict_request import Request
from narrowgauge.workloads import MemoryFootprint, memory_footprint

MOST_GPUS = 16  # of one node with direct links, HGX and DGX systems of the supported generations


def footprint(request: Request, batch: int | None = None, tp: int | None = None) -> MemoryFootprint:
    """What the request needs on each GPU, or would need with another batch or number of GPUs."""
    return memory_footprint(request.model, request.scheme, batch or request.batch, request.context, tp or request.tp)


def check_capacity(request: Request) -> MemoryFootprint:
    """The footprint; raises CapacityError that says how much is missing, which batch, how many GPUs and which GPU would do."""
    needed = footprint(request)
    available = request.machine.resources.memory_gb
    if needed.total_gb <= available:
        return needed
    raise CapacityError("\n".join([shortfall(request, needed, available), *(f"  {hint}" for hint in _hints(request))]))


def shortfall(request: Request, needed: MemoryFootprint, available_gb: float) -> str:
    """One line that says what does not fit, and how much is missing."""
    return (
        f"{request.model.name} in {request.scheme.name} with batch {request.batch} and {request.context} tokens needs "
        f"{needed.total_gb:.1f} GB per GPU (weights {needed.weights_gb:.1f}, KV cache {needed.kv_cache_gb:.1f}, "
        f"activations {needed.activations_gb:.1f}); {request.machine.name} has {available_gb:.1f} GB, "
        f"{needed.total_gb - available_gb:.1f} GB are missing"
    )


def _fits(request: Request, memory_gb: float, batch: int, tp: int) -> bool:
    try:
        return footprint(request, batch, tp).total_gb <= memory_gb
    except InputError:  # the model cannot be split over that many GPUs
        return False


def _hints(request: Request) -> list[str]:
    memory_gb = request.machine.resources.memory_gb
    return [_batch_hint(request, memory_gb), _tp_hint(request, memory_gb), _gpu_hint(request)]


def largest_batch(request: Request, memory_gb: float) -> int:
    """The largest batch that fits into `memory_gb`, 0 if none does."""
    low, high = 0, request.batch
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _fits(request, memory_gb, middle, request.tp) else (low, middle - 1)
    return low


def _batch_hint(request: Request, memory_gb: float) -> str:
    batch = largest_batch(request, memory_gb)
    if batch:
        return f"largest batch that fits: {batch}"
    return f"no batch fits on {request.tp} GPU{'s' if request.tp > 1 else ''}: even batch 1 is too large"


def _tp_hint(request: Request, memory_gb: float) -> str:
    if request.machine.resources.link_gb_per_s <= 0:
        return f"{request.machine.name} has no link to other GPUs, so tensor parallelism cannot help"
    for tp in range(request.tp + 1, MOST_GPUS + 1):
        if _fits(request, memory_gb, request.batch, tp):
            return f"smallest tensor parallelism that fits: --tp {tp}"
    return f"no tensor parallelism up to {MOST_GPUS} GPUs fits"


def _gpu_hint(request: Request) -> str:
    others = [load_gpu(name) for name in machine_names() if name != request.machine.name]
    fitting = [m.name for m in others if _fits(request, m.resources.memory_gb, request.batch, request.tp)]
    return f"hardware on which it fits as it is: {', '.join(fitting) if fitting else 'none of those that ship with narrowgauge'}"
