"""narrowgauge: what low-bit LLM inference costs on GPUs that exist and on hardware that does not exist yet."""
