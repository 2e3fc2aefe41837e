"""Kernel families: how an operator is tiled and scheduled on a GPU, as vectorised closed forms over whole columns of shapes."""
