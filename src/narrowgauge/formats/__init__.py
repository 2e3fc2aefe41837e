"""Number formats, quantization schemes and their numerical error: one record serves numerics and cost."""
