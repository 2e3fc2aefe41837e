"""Is everything that was measured read back, whatever happened to the file?"""

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from narrowgauge.errors import InputError
from narrowgauge.kernels.records import CLOCK, RecordFile
from narrowgauge.measurements import Campaign, MachineRecord, PointRecord, Samples, read_measurements, statistic

MACHINE = MachineRecord(
    gpu="NVIDIA Example",
    uuid_hash="0123456789abcdef",
    architecture="sm90",
    sm_count=132,
    memory_bytes=141 * 10**9,
    l2_bytes=50 * 2**20,
    max_shared_bytes=227 * 1024,
    driver="580.1",
    cuda="13.0",
    boost_clock_mhz=1980,
    memory_clock_mhz=3201,
    memory_bus_bits=6144,
    sm_clock_mhz=1980,
    power_limit_w=700,
    default_power_limit_w=700,
    temperature_c=31,
    throttle_reasons=(),
    ecc=True,
)
CAMPAIGN = Campaign(started="2026-01-01T00:00:00Z", suite="quick", narrowgauge="0.1.0", compiler="13.0.88", machine=MACHINE)
VERSION_0 = (
    '{"schema_version": 0, "started": "2025-01-01T00:00:00Z", "gpu": "NVIDIA Example", "architecture": "sm80", "sm_count": 108,'
    ' "memory_bytes": 80000000000, "l2_bytes": 41943040, "max_shared_bytes": 166912, "driver": "550.1", "cuda": "12.4",'
    ' "boost_clock_mhz": 1410, "memory_clock_mhz": 1593, "memory_bus_bits": 5120}\n'
    '{"bench": "lop3", "axes": {"ilp": 4}, "source_hash": "aa", "samples": [{"us": 2.5, "cycles": 3200},'
    ' {"us": 2.6, "cycles": 3210}], "work": {"instructions": 1024}}\n'
)


def point(ilp: int, source: str = "aa", cycles: tuple[float, ...] = (100, 102, 101), **rest: object) -> PointRecord:
    fields = {"bench": "lop3", "question": "How fast is LOP3?", "timing": "clock", "axes": {"ilp": ilp}, "source_hash": source}
    return PointRecord.model_validate({**fields, "samples": Samples(cycles=cycles), **rest})


def written(folder: Path, *records: PointRecord) -> Path:
    file = RecordFile(folder, CAMPAIGN)
    for record in records:
        file.append(record)
    return file.path


def test_points_come_back_as_they_were_written(tmp_path: Path) -> None:
    records = (point(1, work={"instructions": 64}), point(2, skipped="needs sm_90", samples=Samples()), point(4))
    found = read_measurements(written(tmp_path, *records))
    assert [record for _, record in found.records] == list(records)
    assert found.campaigns == (CAMPAIGN,)
    assert found.notes == ()


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    written(tmp_path, point(1)).rename(tmp_path / "first.jsonl")
    written(tmp_path, point(2))
    assert [record.axes["ilp"] for record in read_measurements(tmp_path).of("lop3")] == [1, 2]


def test_only_trusted_points_are_used(tmp_path: Path) -> None:
    wrong = {"what": "relative", "error": None, "tolerance": 0.1, "ok": False}
    path = written(tmp_path, point(1), point(2, check=wrong), point(4, failed="hung"), point(8, skipped="no"))
    assert [record.axes["ilp"] for record in read_measurements(path).of("lop3")] == [1]


def test_a_cut_last_line_costs_that_line_alone(tmp_path: Path) -> None:
    path = written(tmp_path, point(1), point(2))
    path.write_bytes(path.read_bytes()[:-40])
    found = read_measurements(path)
    assert [record.axes["ilp"] for _, record in found.records] == [1]
    assert [(note.where, note.what[:7]) for note in found.notes] == [(f"{path}:3", "cut off")]


def test_an_interrupted_file_goes_on_with_the_next_line(tmp_path: Path) -> None:
    path = written(tmp_path, point(1), point(2))
    path.write_bytes(path.read_bytes()[:-40])
    file = RecordFile(tmp_path, CAMPAIGN)
    assert [file.finished("lop3", {"ilp": ilp}, "aa") for ilp in (1, 2)] == [True, False]
    file.append(point(2))
    assert [record.axes["ilp"] for record in read_measurements(path).of("lop3")] == [1, 2]


def test_a_damaged_line_is_named_and_costs_itself_alone(tmp_path: Path) -> None:
    path = written(tmp_path, point(1), point(2), point(4))
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace('"bench":"lop3"', '"bench":7').replace('"question"', '"qestion"')
    path.write_text("\n".join(lines) + "\n")
    found = read_measurements(path)
    assert [record.axes["ilp"] for record in found.of("lop3")] == [1, 4]
    (note,) = found.notes
    assert note.where == f"{path}:3"
    assert all(word in note.what for word in ("bench: Input should be a valid string", "question: Field required", "qestion"))


def test_points_of_different_kernels_are_named_and_the_last_kernel_counts(tmp_path: Path) -> None:
    found = read_measurements(written(tmp_path, point(1), point(2), point(1, "bb"), point(4, "bb")))
    assert [(record.axes["ilp"], record.source_hash) for record in found.of("lop3")] == [(1, "bb"), (4, "bb")]
    assert [note.what for note in found.notes] == [
        "points of different kernels under one name: 2 of source aa, 2 of source bb; those of the last one, bb, are used"
    ]
    assert len(found.records) == 4


def test_the_later_record_of_a_point_counts(tmp_path: Path) -> None:
    (only,) = read_measurements(written(tmp_path, point(1), point(1, cycles=(200,)))).of("lop3")
    assert only.cycles and only.cycles.median == 200


def test_version_0_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_text(VERSION_0)
    found = read_measurements(tmp_path)
    (record,) = found.of("lop3")
    assert (record.cycles, record.elapsed_us) == (statistic([3200, 3210]), statistic([2.5, 2.6]))
    assert found.campaigns[0].machine.ecc is None
    assert "did not record" in found.campaigns[0].machine.unavailable["ecc"]
    assert found.notes == ()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, point(1))
    path.write_text(path.read_text().replace('"schema_version":1', '"schema_version":2'))
    with pytest.raises(InputError, match=r":1: schema version 2 is newer"):
        read_measurements(path)


def test_a_file_without_campaign_or_no_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no measurement file"):
        read_measurements(tmp_path)
    (tmp_path / "x.jsonl").write_text(point(1).model_dump_json() + "\n")
    with pytest.raises(InputError, match=r"x\.jsonl:1: a point stands before"):
        read_measurements(tmp_path)


def test_another_board_does_not_write_into_the_same_file(tmp_path: Path) -> None:
    written(tmp_path, point(1))
    other = CAMPAIGN.model_copy(update={"machine": MACHINE.model_copy(update={"uuid_hash": "ffff"})})
    with pytest.raises(InputError, match="give another --out"):
        RecordFile(tmp_path, other)


def test_a_board_whose_uuid_cannot_be_read_is_known_by_its_name(tmp_path: Path) -> None:
    written(tmp_path, point(1))
    unread = CAMPAIGN.model_copy(update={"machine": MACHINE.model_copy(update={"uuid_hash": None})})
    assert RecordFile(tmp_path, unread).finished("lop3", {"ilp": 1}, "aa")


def test_discarded_samples_stay_in_the_file_and_do_not_count(tmp_path: Path) -> None:
    samples = Samples(cycles=(100, 900, 102), discarded={1: "clock moved"})
    (record,) = read_measurements(written(tmp_path, point(1, samples=samples))).of("lop3")
    assert record.cycles == statistic([100, 102])
    assert record.samples.cycles == (100, 900, 102)


def test_statistics_are_robust() -> None:
    assert statistic([1, 2, 3, 100]) == statistic([100, 3, 2, 1, float("nan")])
    found = statistic([8, 10, 12, 1000])
    assert found is not None and (found.median, found.mad, found.count) == (11, 2, 4)
    assert statistic([float("nan")]) is None


def test_the_noise_of_the_median_is_that_of_normal_samples() -> None:
    rng = np.random.default_rng(0)
    medians = np.median(rng.normal(100, 5, (2000, 101)), axis=1)
    found = statistic(rng.normal(100, 5, 101))
    assert found is not None and found.noise == pytest.approx(np.std(medians) / 100, rel=0.3)


@pytest.mark.parametrize(
    "fields",
    [
        {"samples": Samples()},
        {"samples": {"cycles": [1, 2], "elapsed_us": [1]}},
        {"samples": {"cycles": [1, 2], "discarded": {"2": "no"}}},
    ],
)
def test_a_point_is_measured_skipped_or_failed(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        point(1, **fields)


def test_the_frame_has_axes_work_and_statistics(tmp_path: Path) -> None:
    frame = read_measurements(written(tmp_path, point(1, work={"instructions": 64, "ilp": 1}))).frame("lop3")
    row = frame.iloc[0].to_dict()
    assert (row["ilp"], row["instructions"], row["cycles"], row["cycles_mad"], row["sample_count"]) == (1, 64, 101, 1, 3)
    assert np.isnan(row["elapsed_us"])


def test_clock_records_have_the_layout_of_the_header() -> None:
    assert CLOCK.itemsize == 40


def test_a_line_is_plain_json_without_nan(tmp_path: Path) -> None:
    for line in written(tmp_path, point(1)).read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(name))
