"""Heterogeneous machines: a GPU or an NPU beside PIM memory. What runs where and when is decided in `experiments.hetero`.

system = load_system("npu-neupims")
blocked = system.with_(sub_batches=1, **{"pim.timing.tRP": 18})
system.host, system.pim, system.access
"""

from narrowgauge.archmodels.heterogeneous.system import System, load_system

__all__ = ["System", "load_system"]
