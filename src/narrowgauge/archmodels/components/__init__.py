"""Area and energy of the parts that a unit is built of, at any process node.

    parts = Components(node_nm=28)
    parts.adder(16) + parts.register(16)            # Cost(area_um2=…, energy_pj=…) of one operation
    parts.mac(FORMATS["int4"], FORMATS["int8"], FORMATS["int32"])
    sram(65536, width_bits=256, node_nm=28).read_pj
    dram_pj_per_bit("hbm2")

Gate-level tables stand in `tables/`, each number with its source; nothing here holds a constant of hardware.
"""

from narrowgauge.archmodels.components.cost import Cost
from narrowgauge.archmodels.components.dram import dram_memories, dram_pj_per_bit
from narrowgauge.archmodels.components.parts import Components
from narrowgauge.archmodels.components.sram import SramCost, sram

__all__ = ["Components", "Cost", "SramCost", "dram_memories", "dram_pj_per_bit", "sram"]
