"""What does the tab key offer?"""

import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from narrowgauge.cli import main
from narrowgauge.cli.completion import SHELLS, VARIABLE

PROGRAM = [sys.executable, "-c", "import sys; sys.argv[0] = 'narrowgauge'; from narrowgauge.cli import main; main()"]


def completed(line: str) -> list[str]:
    """What bash would offer for the last word of a line, files left to the shell as `file`."""
    words = line.split(" ")
    environment = {**os.environ, VARIABLE: "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(PROGRAM, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    kinds = [answer.split(",", 1) for answer in done.stdout.split()]
    return [value if kind == "plain" else kind for kind, value in kinds]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("narrowgauge pr", ["predict", "price"]),
        ("narrowgauge predict --fi", ["--fits", "--fidelity"]),
        ("narrowgauge predict llama-3-8", ["llama-3-8b"]),
        ("narrowgauge predict my-", ["file"]),
        ("narrowgauge predict gpt2 --on H100_S", ["h100-sxm"]),
        ("narrowgauge predict gpt2 --scheme w2a", ["w2a16-g128", "w2a8-ternary"]),
        ("narrowgauge predict gpt2 --fidelity e", ["event"]),
        ("narrowgauge predict gpt2 --framework v", ["vllm"]),
        ("narrowgauge predict gpt2 --on h100-sxm --override dram.b", ["dram.bus_bits=", "dram.bandwidth_gb_per_s="]),
        ("narrowgauge show h100-sxm --override dram.cap", ["dram.capacity_gb="]),
        ("narrowgauge price a.csv --on no-such.yaml --override dram.", []),
        ("narrowgauge memory hbm2 --override timing.nRC", ["timing.nRCDRD=", "timing.nRCDWR=", "timing.nRC="]),
        ("narrowgauge show hbm2-p", ["hbm2-pim", "hbm2-pimsimulator"]),
        ("narrowgauge reproduce sys", ["systolic"]),
        ("narrowgauge reproduce systolic --stat", ["--stationary"]),
        ("narrowgauge list mach", ["machines"]),
        ("narrowgauge measure --only mma-", ["mma-sync"]),
        ("narrowgauge sweep a.yaml --executor d", ["dask"]),
        ("narrowgauge completion b", ["bash"]),
    ],
)
def test_the_tab_key_offers(line: str, offered: list[str]) -> None:
    found = completed(line)
    assert set(offered) <= set(found) and len(found) <= 12
    assert offered or not found


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_a_script_that_it_reads(shell: str) -> None:
    script = CliRunner().invoke(main, ["completion", shell]).stdout
    assert VARIABLE in script and "narrowgauge" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n", "-c", script], check=True, capture_output=True)


def test_bash_offers_what_the_program_says() -> None:
    if not shutil.which("bash"):
        pytest.skip("no bash here")
    script = CliRunner().invoke(main, ["completion", "bash"]).stdout
    program = f"narrowgauge() {{ {sys.executable} -c '{PROGRAM[2].replace(chr(39), chr(34))}'; }}; export -f narrowgauge"
    ask = "COMP_WORDS=(narrowgauge list mach); COMP_CWORD=2; _narrowgauge_completion narrowgauge; echo ${COMPREPLY[@]}"
    script = script.replace("$(env COMP_WORDS=", "$(COMP_WORDS=")  # `env` finds programs, and this one is a function
    done = subprocess.run(["bash", "-c", f"{program}\n{script}\n{ask}"], capture_output=True, text=True, check=True)
    assert done.stdout == "machines\n"


def test_an_unknown_shell_is_named_with_the_nearest() -> None:
    result = CliRunner().invoke(main, ["completion", "ksh"])
    assert result.exit_code == 2
    assert "given 'ksh'; did you mean" in result.stderr
