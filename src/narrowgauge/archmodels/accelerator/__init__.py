"""Accelerators around an array of PEs: buffers, DRAM interface, clock, and what layers of a model cost on them.

machine = load_accelerator("bitmod-prefill")
cost = machine.run(linear_layers(read_model("llama-2-7b"), parse_scheme("bitmod-fp4"), tokens=256))
cost.cycles, cost.on_chip_pj, cost.total_pj
"""

from narrowgauge.archmodels.accelerator.cost import LayerCost
from narrowgauge.archmodels.accelerator.layer import Layer, Operand, matrix_layer
from narrowgauge.archmodels.accelerator.machine import Accelerator, accelerator_names, load_accelerator
from narrowgauge.archmodels.accelerator.model_layers import Pass, attention_layers, linear_layers

__all__ = [
    "Accelerator",
    "Layer",
    "LayerCost",
    "Operand",
    "Pass",
    "accelerator_names",
    "attention_layers",
    "linear_layers",
    "load_accelerator",
    "matrix_layer",
]
