"""Llama-3-8B at 16 bits and with 4-bit weights on A100 and H100: what `make demo` prints."""

from __future__ import annotations

import narrowgauge as ng

MODEL = "llama-3-8b"
MACHINES = ("a100-sxm-80gb", "h100-sxm")
SCHEMES = ("bf16", "w4a16")
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
EVEN = 0.02  # times closer than this count as equal
INPUT, OUTPUT = 1024, 128


def main() -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from narrowgauge.experiments.predict_reasons import bottleneck
    from narrowgauge.experiments.predict_text import number

    console = Console(width=100, highlight=False)
    answers = {
        (machine, scheme): ng.predict(MODEL, machine, scheme, input_tokens=INPUT, output_tokens=OUTPUT)
        for machine in MACHINES
        for scheme in SCHEMES
    }
    title = f"{MODEL}: batch 1, {INPUT} tokens in, {OUTPUT} out (nominal 90 % intervals below)"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    table.add_column("hardware, scheme")
    for name in (
        "first token\nms",
        "further tokens\nms each",
        "throughput\ntokens/s",
        "memory\nGB",
        "energy per token\nJ, assumed",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for (machine, scheme), answer in answers.items():
        columns = (answer.ttft_ms, answer.tpot_ms, answer.output_tokens_per_s, answer.memory_gb, answer.energy_per_output_token_j)
        table.add_row(
            f"{machine} {scheme}", *(f"{number(x.value)}\n{number(x.low)} to {number(x.high)}" for x in columns), end_section=True
        )
    console.print(table)
    for (machine, scheme), answer in answers.items():
        console.print(f"{machine} {scheme}: decode is {bottleneck(answer.decode)}.")
    console.print()
    for machine in MACHINES:
        console.print(crossover(machine))
    for (machine, scheme), answer in answers.items():
        for warning in answer.warnings:
            console.print(f"Warning, {machine} {scheme}: {warning}")


def crossover(machine: str) -> str:
    """From which batch on W4A16 no longer decodes faster than bf16."""
    for batch in BATCHES:
        narrow, wide = (ng.predict(MODEL, machine, scheme, batch, INPUT, OUTPUT).tpot_ms.value for scheme in ("w4a16", "bf16"))
        if narrow > (1 - EVEN) * wide:
            slower = "more slowly than" if narrow > (1 + EVEN) * wide else "no faster than"
            return (
                f"{machine}: at batch {batch} w4a16 decodes {slower} bf16 ({narrow:.2f} against {wide:.2f} ms per token): "
                "converting the weights costs what loading less of them saves."
            )
    return f"{machine}: w4a16 decodes faster than bf16 up to batch {BATCHES[-1]}."


if __name__ == "__main__":
    main()
