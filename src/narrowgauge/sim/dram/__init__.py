"""DRAM and processing in memory: commands and timing constraints as tables, one bank model for both.

    standard = load_standard("hbm2")                            tables of a standard, every number with its source
    standard = load_standard("hbm2", {"nRP": 20})               the same with what-if timings
    memory = simulate(standard, patterns.sequential(standard, 20_000), Controller.of(standard))
    memory.bandwidth_gb_per_s, memory.energy.total_pj

`programs` holds command programs of HBM-PIM, AttAcc, GDDR6-AiM and NeuPIMs for the same model.
"""

from __future__ import annotations

from narrowgauge.sim.dram.controller import Controller
from narrowgauge.sim.dram.loading import load_standard, standard_names
from narrowgauge.sim.dram.simulate import MemoryResult, run_program, simulate
from narrowgauge.sim.dram.standard import Standard

__all__ = ["Controller", "MemoryResult", "Standard", "load_standard", "run_program", "simulate", "standard_names"]
