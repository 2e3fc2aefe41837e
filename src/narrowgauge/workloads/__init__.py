"""Models, tensors and operators: what has to be computed, independent of the hardware."""
