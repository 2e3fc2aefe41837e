"""From a user's table to prices with the user's own calibration."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from narrowgauge import load_machine, predict, price_table
from narrowgauge.calibration import campaign
from narrowgauge.calibration.record import load
from narrowgauge.cli import main
from narrowgauge.errors import InputError

SLOWER = 1.6  # the user's GPU, against what is predicted for it without a fit
MACHINE = "l40s"


def measured() -> pd.DataFrame:
    """Elementwise kernels as the model prices them, on a GPU that is slower throughout."""
    tokens, widths = np.meshgrid(2 ** np.arange(4, 14), [1024, 2048, 4096, 5120, 8192, 12288, 16384])
    frame = pd.DataFrame({"op": "add", "num_tokens": tokens.ravel(), "n_embd": widths.ravel(), "machine": MACHINE})
    return frame.assign(latency_us=SLOWER * price_table(frame, load_machine(MACHINE))["latency_us"])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    frame = measured()
    frame.iloc[::2].to_csv(folder / "even.csv", index=False)  # fits are made of all the files of a machine
    frame.iloc[1::2].to_parquet(folder / "odd.parquet")
    written = campaign.fit_all(folder, folder / "fits", jobs=1)
    assert [path.name for path in written] == [f"{MACHINE}.elementwise.json"]
    return folder


def test_the_fit_names_its_sources(own: Path) -> None:
    fit = load(own / "fits" / f"{MACHINE}.elementwise.json")
    assert {(s.name, s.rows, s.origin) for s in fit.sources} == {
        ("even.csv", 35, "user table"),
        ("odd.parquet", 35, "user table"),
    }
    assert fit.precisions["add"].libraries["torch"].rows == 70


def test_validation_takes_the_same_folder(own: Path) -> None:
    table = campaign.validate(own, jobs=1)
    assert set(table["machine"]) == {MACHINE} and table["with_residual"].max() < 0.1


def test_kernels_too_short_to_score_are_one_error(tmp_path: Path) -> None:
    measured().assign(latency_us=5.0).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match="nothing to score"):
        campaign.validate(tmp_path, jobs=1)


def test_prices_follow_the_users_fit(own: Path) -> None:
    frame = measured()
    machine = load_machine(MACHINE)
    shipped, mine = price_table(frame, machine), price_table(frame, machine.with_fits(own / "fits"))
    assert shipped["error"].abs().mean() > 0.3
    assert mine["error"].abs().mean() < 0.1
    assert mine["source"].str.contains("fit l40s add/torch (own data)", regex=False).all()
    assert not shipped["source"].str.contains("own data").any()


def test_what_the_user_did_not_measure_stays_as_shipped(own: Path) -> None:
    frame = pd.DataFrame({"m": [64], "n": [4096], "k": [4096]})
    for name in (MACHINE, "a100-sxm-80gb"):
        machine = load_machine(name)
        pd.testing.assert_frame_equal(price_table(frame, machine.with_fits(own / "fits")), price_table(frame, machine))


def test_predict_uses_the_users_fit(own: Path) -> None:
    machine = load_machine(MACHINE)
    slow, fast = (predict("llama-3-8b", on=m, output_tokens=2) for m in (machine.with_fits(own / "fits"), machine))
    assert slow.prefill.latency_us.value > fast.prefill.latency_us.value
    assert any("own data" in line.source for line in slow.prefill.lines)


def test_the_commands_take_the_folder(own: Path, tmp_path: Path) -> None:
    measured().to_csv(tmp_path / "t.csv", index=False)
    options = ["--on", MACHINE, "--fits", str(own / "fits"), "--json", "-"]
    priced = CliRunner().invoke(main, ["price", str(tmp_path / "t.csv"), "-o", str(tmp_path / "out.csv"), *options])
    assert priced.exit_code == 0 and json.loads(priced.stdout)["mape"] < 0.1
    predicted = CliRunner().invoke(main, ["predict", "llama-3-8b", "--output", "2", *options])
    assert predicted.exit_code == 0 and "(own data)" in predicted.stdout


def test_a_folder_without_fits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no fits"):
        load_machine(MACHINE).with_fits(tmp_path)
    result = CliRunner().invoke(main, ["predict", "llama-3-8b", "--on", MACHINE, "--fits", str(tmp_path)])
    assert result.exit_code == 2
