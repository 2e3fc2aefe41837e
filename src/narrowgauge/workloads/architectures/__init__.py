"""One small reader per model architecture, registered under the `model_type` of its config.json.

Adding an architecture: a function from `Fields` to `ModelConfig` in one of these files (or a new one, imported here).
"""

from narrowgauge.workloads.architectures import deepseek, falcon, gemma, gpt, llama, moe, phi
from narrowgauge.workloads.architectures.common import ARCHITECTURES

__all__ = ["ARCHITECTURES", "deepseek", "falcon", "gemma", "gpt", "llama", "moe", "phi"]
