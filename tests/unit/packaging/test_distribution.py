"""Does what is built and installed hold everything that the source tree holds, and does it work from there?"""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from narrowgauge.archmodels import machine_names

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "narrowgauge"
LINKS = ("sim", "archmodels", "kernels", "calibration", "experiments")
LEFT_OUT = (".git", ".venv", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis")
SHIPPED = (".py", ".yaml", ".json", ".cu", ".cuh", ".html", ".css", ".js", ".typed")
MOST_BYTES = 10_000_000


def shipped_files() -> set[str]:
    paths = (path for path in PACKAGE.rglob("*") if path.suffix in SHIPPED or path.name == "py.typed")
    return {path.relative_to(PACKAGE.parent).as_posix() for path in paths}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from the sdist of a copy of the source tree."""
    if int(importlib.metadata.version("setuptools").split(".")[0]) < 77:
        pytest.skip("building needs setuptools >= 77, which the test extra installs")
    folder = tmp_path_factory.mktemp("distribution")
    shutil.copytree(ROOT, folder / "source", symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(folder / "source")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (folder / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder into which the wheel was installed, without its dependencies."""
    target = wheel.parent / "installed"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run([*command, "--disable-pip-version-check"], check=True, capture_output=True)
    return target


def test_the_wheel_of_the_sdist_holds_every_module_and_data_file(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("narrowgauge/")}
    assert names == shipped_files()


def test_the_wheel_installs_nothing_but_the_package(wheel: Path) -> None:
    top = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"narrowgauge"}


def test_the_installed_package_prices_and_reads_from_its_own_data(installed: Path) -> None:
    code = (
        "import json, narrowgauge as ng, pandas as pd\n"
        "table = ng.price_table(pd.DataFrame({'m': [16], 'n': [4096], 'k': [4096]}), ng.load_machine('a100-sxm-80gb'))\n"
        "model = ng.read_model('llama-3-8b')\n"
        "print(json.dumps([ng.__file__, len(ng.machine_names()), model.layers, table['latency_us'][0]]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=installed
    )
    file, machines, layers, latency = json.loads(done.stdout)
    assert Path(file).is_relative_to(installed)
    assert (machines, layers) == (len(machine_names()), 32) and latency > 0


@pytest.mark.parametrize("name", LINKS)
def test_root_links_are_relative_and_lead_into_the_package(name: str) -> None:
    link = ROOT / name
    assert link.is_symlink() and link.readlink() == Path("src/narrowgauge") / name
    assert (link / "__init__.py").is_file()


def test_shipped_data_stay_small() -> None:
    data = [path for path in PACKAGE.rglob("*") if path.suffix in (".yaml", ".json")]
    assert sum(path.stat().st_size for path in data) < MOST_BYTES


def test_no_pickle_ships() -> None:
    assert not [path for path in PACKAGE.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib", ".npy")]
