"""All kernel families, registered: importing this module is enough to find one by name."""

from narrowgauge.dataflows.attention_decode import AttentionDecode
from narrowgauge.dataflows.attention_prefill import AttentionPrefill
from narrowgauge.dataflows.collective import CollectiveFamily
from narrowgauge.dataflows.elementwise import ElementwiseFamily
from narrowgauge.dataflows.family import FAMILIES
from narrowgauge.dataflows.gemm import Gemm

__all__ = ["FAMILIES", "AttentionDecode", "AttentionPrefill", "CollectiveFamily", "ElementwiseFamily", "Gemm"]
