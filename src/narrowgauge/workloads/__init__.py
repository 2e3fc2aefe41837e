"""Models, operators and graphs: what has to be computed, independent of the hardware.

`read_model("llama-3-8b")` (or a Hugging Face config.json) gives a `ModelConfig`; `build_graph(model, scheme, "decode", batch=8,
context_len=1024)` the operators of one forward pass on one GPU with their dimensions, formats, MACs and bytes;
`memory_footprint(model, scheme, batch, context)` what has to fit into that GPU.
"""

from narrowgauge.workloads.elementwise import Elementwise, Kind
from narrowgauge.workloads.graph import Graph, Phase, build_graph
from narrowgauge.workloads.layers import active_parameter_count, parameter_count
from narrowgauge.workloads.memory import MemoryFootprint, memory_footprint
from narrowgauge.workloads.model import ModelConfig
from narrowgauge.workloads.operators import AllGather, AllReduce, Attention, Gemm, GroupedGemm, Operator
from narrowgauge.workloads.reader import model_names, parse_config, read_model

__all__ = [
    "AllGather",
    "AllReduce",
    "Attention",
    "Elementwise",
    "Gemm",
    "Graph",
    "GroupedGemm",
    "Kind",
    "MemoryFootprint",
    "ModelConfig",
    "Operator",
    "Phase",
    "active_parameter_count",
    "build_graph",
    "memory_footprint",
    "model_names",
    "parameter_count",
    "parse_config",
    "read_model",
]
