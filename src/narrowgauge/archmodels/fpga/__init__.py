"""An FPGA accelerator as a roofline: multipliers at a clock, memory at a utilisation that its design reaches.

load_fpga("flightllm-u280").pass_us(graph, Compression(weight_bits=4))
"""

from narrowgauge.archmodels.fpga.machine import Compression, Fpga, fpga_names, load_fpga

__all__ = ["Compression", "Fpga", "fpga_names", "load_fpga"]
