"""The tables of components: numbers with unit, kind and source, read from `tables/`."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from narrowgauge.archmodels.catalogue import Shelf
from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Section, Text
from narrowgauge.archmodels.specification import Schema, load_specification
from narrowgauge.provenance import Quantity

SHELF = Shelf("component table", ("components/tables",))

Area = Annotated[Quantity, Rule("um2", 1e-3, 1e6)]
Energy = Annotated[Quantity, Rule("pJ", 1e-5, 1e4)]
BitEnergy = Annotated[Quantity, Rule("pJ/bit", 1e-5, 1e3)]
Ratio = Annotated[Quantity, Rule("ratio", -100, 100)]
Volt = Annotated[Quantity, Rule("V", 0.2, 2)]


class CellAreas(Section):
    """Standard cells."""

    inverter: Area
    nand2: Area
    and2: Area
    aoi22: Area
    xor2: Area
    mux2: Area
    half_adder: Area
    full_adder: Area
    flip_flop: Area


class Cells(Section):
    """`cells.yaml`."""

    title: Text
    area_um2: CellAreas
    flip_flop_over_full_adder: Ratio


class FloatAreas(Section):
    """Area of floating-point operators."""

    fp16_add: Area
    fp32_add: Area
    fp16_multiply: Area
    fp32_multiply: Area


class OperationEnergies(Section):
    """Energy of arithmetic at one node."""

    int8_add: Energy
    int32_add: Energy
    int8_multiply: Energy
    int32_multiply: Energy
    fp16_add: Energy
    fp32_add: Energy
    fp16_multiply: Energy
    fp32_multiply: Energy


class Operations(Section):
    """`operations.yaml`."""

    title: Text
    area_um2: FloatAreas
    energy_45nm_pj: OperationEnergies
    energy_7nm_pj: OperationEnergies


class Node(Section):
    """One process node."""

    area_over_45nm: Ratio
    square: Ratio
    linear: Ratio
    constant: Ratio
    supply_v: Volt


class Below(Section):
    """How area and energy go with the node below the smallest one."""

    area_exponent: Ratio
    energy_exponent: Ratio


class Nodes(Section):
    """`nodes.yaml`."""

    title: Text
    n65: Node
    n45: Node
    n32: Node
    n20: Node
    n16: Node
    n14: Node
    n10: Node
    n7: Node
    below: Below


class SramNode(Section):
    """Read energy of a bit as a power of capacity and width."""

    at_8kb_256b: BitEnergy
    capacity_exponent: Ratio
    width_exponent: Ratio


class Sram(Section):
    """On-chip memory."""

    n45: SramNode
    n22: SramNode
    write_over_read: Ratio
    cell_um2_45nm: Area
    cell_um2_28nm: Area
    cell_um2_16nm: Area
    cell_um2_7nm: Area
    cell_um2_5nm: Area
    array_efficiency: Ratio


class Dram(Section):
    """Energy of a bit by kind of memory, device and pins."""

    hbm2: BitEnergy
    hbm2e: BitEnergy
    hbm3: BitEnergy
    gddr5: BitEnergy
    gddr6: BitEnergy
    gddr6x: BitEnergy
    gddr6_aim: BitEnergy
    lpddr5: BitEnergy
    ddr4: BitEnergy
    ddr3: BitEnergy


class Memories(Section):
    """`memories.yaml`."""

    title: Text
    sram: Sram
    dram: Dram


SHEETS: dict[str, type[Section]] = {"cells": Cells, "operations": Operations, "nodes": Nodes, "memories": Memories}


@cache
def table(name: str) -> FrozenMap[Quantity]:
    """Every number of a table by dotted path, with its provenance."""
    return load_specification(name, _schema(name), SHELF).quantities


@cache
def _schema(name: str) -> Schema:
    return Schema(SHEETS[name], lambda numbers, texts: ())
