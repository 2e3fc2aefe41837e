"""Dataflow search: tiles, loop orders and stages of a matrix product on a unit behind any hierarchy of buffers.

    found = search(Product(256, 4096, 4096, a_bits=8, b_bits=4), target, Objective.EDP)
    found.best.nest()          # the loop nest, level by level
    found.front                # latency, energy and buffer bytes that no other mapping beats

A product or a mapping that does not fit raises CapacityError: demand, bound, gap, and which levers would make it fit.
"""

from narrowgauge.dataflows.mapping.cost import Cost, price
from narrowgauge.dataflows.mapping.explain import check
from narrowgauge.dataflows.mapping.mapping import Mapping, Stages
from narrowgauge.dataflows.mapping.problem import Compute, Level, Product, Target
from narrowgauge.dataflows.mapping.search import Found, Objective, Priced, search

__all__ = [
    "Compute",
    "Cost",
    "Found",
    "Level",
    "Mapping",
    "Objective",
    "Priced",
    "Product",
    "Stages",
    "Target",
    "check",
    "price",
    "search",
]
