"""PIM machines: memories whose banks multiply. A specification as data, the machine built from it, what a task costs on it.

machine = load_machine("hbm2-pim")                         # archmodels.load_machine takes GPUs and PIM machines alike
slower = machine.with_(channels=16, **{"timing.tCCD_L": 6})
service(slower, Gemv(outputs=4096, inputs=4096, vectors=1, number_format="fp16")).latency_us
"""

from narrowgauge.archmodels.pim.machine import PimMachine
from narrowgauge.archmodels.pim.serve import Service, service
from narrowgauge.archmodels.pim.tasks import DecodeAttention, Gemv, Task

__all__ = ["DecodeAttention", "Gemv", "PimMachine", "Service", "Task", "service"]
