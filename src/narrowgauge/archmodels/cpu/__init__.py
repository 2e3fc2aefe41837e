"""A CPU as a simple machine: cores with vector pipes, clocks, memory that one core and all of them can draw from.

token_time(graph, load_cpu("m2-ultra"), "t-mac", threads=8).tokens_per_s
"""

from narrowgauge.archmodels.cpu.decode import token_time
from narrowgauge.archmodels.cpu.machine import Cpu, cpu_names, load_cpu

__all__ = ["Cpu", "cpu_names", "load_cpu", "token_time"]
