"""What a prediction is called in figures and tables."""

from __future__ import annotations

from narrowgauge.experiments.predict_result import Prediction


def machine_name(prediction: Prediction) -> str:
    """`h100-sxm`, with the unit in its tensor cores' place and a word if numbers of the machine are changed."""
    about = prediction.manifest
    unit = f" with {about['unit']['name']}" if about["unit"] else ""
    return f"{about['machine']}{unit}{' (what if)' if about['overrides'] else ''}"


def case_name(prediction: Prediction) -> str:
    """`2 × h100-sxm fp8`."""
    gpus = f"{prediction.gpus} × " if prediction.gpus > 1 else ""
    return f"{gpus}{machine_name(prediction)} {prediction.manifest['scheme']}"
