from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image

from imaging.paths import resource_path
from imaging.study import ImageRef
from inference import screen_command
from inference.bundle import ModelBundle
from inference.heat_files import heatmap_name
from inference.screen import ordered_map
from tests import dicom_files
from tests.bundles import write_trial_bundle

CHECK = Path(__file__).parents[4] / "shared" / "checks" / "screen_lines.py"
CHANGING = ("engine", "seconds", "heatmaps")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder of six films on three levels, a multi-frame file, and three files that are refused."""
    folder = tmp_path / "фильмы 🩻"
    (folder / "sub" / "deep").mkdir(parents=True)
    generator = np.random.default_rng(3)
    for name in ("film 10.png", "film 2.png", "sub/film 1.jpg", "sub/deep/film 1.png"):
        Image.fromarray(generator.integers(0, 256, (70, 90), np.uint8)).save(folder / name)
    frames = np.stack([dicom_files.film(40, 50, seed=index) for index in range(2)])
    dicom_files.write_dicom(folder / "frames", frames, frames=2)
    whole = (folder / "film 2.png").read_bytes()
    (folder / "torn.png").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.dcm").write_text("no film")
    (folder / "sub" / "empty.png").touch()
    return folder


def screened(arguments: list[str]) -> tuple[int, str, str]:
    """The exit status of the command, and what it says to out and err."""
    parser = argparse.ArgumentParser()
    screen_command.add_arguments(parser)
    out, err = io.StringIO(), io.StringIO()
    status = screen_command.run(parser.parse_args(arguments), out, err)
    return status, out.getvalue(), err.getvalue()


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def same(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines without the fields that may differ between equal runs."""
    return [{key: value for key, value in row.items() if key not in CHANGING} for row in rows]


def test_every_line_is_as_the_contract_says(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    target, maps = tmp_path / "r.jsonl", tmp_path / "maps"
    status, said, complaint = screened(
        [str(films), "--model", str(bundle.location), "--out", str(target), "--heatmaps", str(maps)]
    )
    rows = rows_of(target)
    assert (status, complaint) == (3, "")
    assert "9 lines" in said
    assert "3 refused" in said
    validator = jsonschema.Draft202012Validator(
        json.loads(resource_path("schemas", "screen_line.schema.json").read_text(encoding="utf-8"))
    )
    for row in rows:
        validator.validate(row)
    seen = [(row["path"].removeprefix(f"{films.as_posix()}/"), row["frame"], row["error"] is None) for row in rows]
    assert seen == [
        ("sub/deep/film 1.png", 0, True),
        ("sub/empty.png", 0, False),
        ("sub/film 1.jpg", 0, True),
        ("film 2.png", 0, True),
        ("film 10.png", 0, True),
        ("frames", 0, True),
        ("frames", 1, True),
        ("notes.dcm", 0, False),
        ("torn.png", 0, False),
    ]
    assert rows[5]["sop_instance_uid"] == rows[6]["sop_instance_uid"]
    assert rows[5]["sop_instance_uid"] is not None
    assert rows[5]["findings"] != rows[6]["findings"]
    written = [path for row in rows if row["heatmaps"] for path in row["heatmaps"].values()]
    assert len(set(written)) == 6 == len(list(maps.iterdir()))
    with Image.open(rows[4]["heatmaps"]["OPACITY"]) as heatmap:
        assert (heatmap.mode, heatmap.size) == ("L", (90, 70))


@pytest.mark.parametrize(
    ("engine", "is_one"),
    [
        ("onnx-cpu", True),
        ("openvino-cpu", True),
        ("torch-cuda-half", True),
        ("onnx-cpu-int8+5views", True),
        ("tpu", False),
        ("onnx-cpu+views", False),
    ],
)
def test_the_schema_knows_every_engine(engine: str, is_one: bool) -> None:
    schema = json.loads(resource_path("schemas", "screen_line.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema["properties"]["engine"])
    assert validator.is_valid(engine) == is_one


def test_a_loop_of_links_is_one_refused_line(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    (films / "loop.png").symlink_to(films / "loop.png")
    status, said, _ = screened([str(films), "--model", str(bundle.location), "--out", str(tmp_path / "r.jsonl")])
    assert status == 3
    assert "10 lines" in said
    (row,) = (row for row in rows_of(tmp_path / "r.jsonl") if row["path"].endswith("loop.png"))
    assert row["error"]["code"] == "unreadable"


@pytest.mark.skipif(not CHECK.is_file(), reason="the check of the house is not here")
def test_the_check_of_the_house_agrees(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    target = tmp_path / "r.jsonl"
    screened([str(films), "--model", str(bundle.location), "--out", str(target), "--heatmaps", str(tmp_path / "maps")])
    checked = subprocess.run(
        [sys.executable, str(CHECK), str(target), "9"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_equal_runs_write_equal_lines_and_maps(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    for run in ("a", "b"):
        maps = str(tmp_path / run / "maps")
        screened(
            [str(films), "--model", str(bundle.location), "--out", str(tmp_path / f"{run}.jsonl"), "--heatmaps", maps]
        )
    assert same(rows_of(tmp_path / "a.jsonl")) == same(rows_of(tmp_path / "b.jsonl"))
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / run / "maps").iterdir()} for run in ("a", "b")
    )
    assert first == second


def test_both_engines_write_the_same_scores(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    found = []
    for engine in ("onnx", "torch"):
        target = tmp_path / f"{engine}.jsonl"
        screened(
            [str(films), "--model", str(bundle.location), "--out", str(target), "--engine", engine, "--device", "cpu"]
        )
        rows = rows_of(target)
        assert {row["engine"] for row in rows} == {f"{engine}-cpu"}
        found.append([finding["probability"] for row in rows for finding in row["findings"]])
    assert found[0] == pytest.approx(found[1], abs=1e-4)


def test_operating_points_are_chosen_by_the_command(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    one = str(films / "film 2.png")
    start = [one, "--model", str(bundle.location), "--out", str(tmp_path / "r.jsonl")]
    for extra, point in (([], 0.4), (["--threshold", "0.123"], 0.123), (["--sensitivity", "0.75"], 0.6)):
        assert screened(start + extra)[0] == 0
        (row,) = rows_of(tmp_path / "r.jsonl")
        (finding,) = row["findings"]
        assert finding["operating_point"] == point
        assert finding["flagged"] == (finding["probability"] >= point)
        assert row["heatmaps"] is None


@pytest.mark.parametrize("cut", [0, 1, 40, 10_000])
def test_a_run_that_was_killed_goes_on(bundle: ModelBundle, films: Path, tmp_path: Path, cut: int) -> None:
    """`cut` bytes of the fifth line were on the disk when it died; 10,000: none of the lines was."""
    target = tmp_path / "r.jsonl"
    start = [str(films), "--model", str(bundle.location), "--out", str(target)]
    screened(start)
    whole = target.read_bytes()
    lines = whole.splitlines(keepends=True)
    kept = b"" if cut == 10_000 else b"".join(lines[:4]) + lines[4][:cut]
    target.write_bytes(kept)
    status, said, _ = screened([*start, "--resume"])
    assert status == 3
    assert "9 lines" in said
    assert same(rows_of(target)) == same([json.loads(line) for line in lines])
    complete = kept[: kept.rfind(b"\n") + 1]
    assert target.read_bytes().startswith(complete)


def test_resuming_a_whole_run_changes_nothing(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    start = [str(films), "--model", str(bundle.location), "--out", str(tmp_path / "r.jsonl")]
    screened([*start, "--resume"])
    whole = (tmp_path / "r.jsonl").read_bytes()
    assert screened([*start, "--resume"])[0] == 3
    assert (tmp_path / "r.jsonl").read_bytes() == whole


def test_lines_of_other_terms_are_not_gone_on_with(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    other = write_trial_bundle(tmp_path / "other", seed=2)
    target = tmp_path / "r.jsonl"
    start = [str(films), "--out", str(target), "--model"]
    screened([*start, str(bundle.location)])
    whole = target.read_bytes()
    for changed in (
        [*start, str(other.location)],
        [*start, str(bundle.location), "--threshold", "0.9"],
        [*start, str(bundle.location), "--heatmaps", str(tmp_path / "maps")],
    ):
        status, _, complaint = screened([*changed, "--resume"])
        assert status == 2
        assert "another model or from other options" in complaint
        assert target.read_bytes() == whole
    target.write_text("notes of mine\n")
    assert screened([*start, str(bundle.location), "--resume"])[0] == 2
    assert target.read_text() == "notes of mine\n"


@pytest.mark.parametrize(
    "change",
    [
        {"findings": [{}]},
        {"findings": [3]},
        {"findings": None},
        {"findings": [{"label": [], "operating_point": 0.4}]},
        {"gate": {}},
        {"gate": None},
        {"path": 3},
        {"frame": "first"},
    ],
)
def test_lines_that_hold_other_things_are_not_gone_on_with(
    bundle: ModelBundle, films: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    target = tmp_path / "r.jsonl"
    start = [str(films / "film 2.png"), "--model", str(bundle.location), "--out", str(target)]
    screened(start)
    (row,) = rows_of(target)
    target.write_text(json.dumps(row | change) + "\n")
    status, _, complaint = screened([*start, "--resume"])
    assert status == 2
    assert "another model or from other options" in complaint


def test_its_own_output_among_the_films_is_no_input(bundle: ModelBundle, films: Path) -> None:
    start = [
        str(films),
        "--model",
        str(bundle.location),
        "--out",
        str(films / "r.jsonl"),
        "--heatmaps",
        str(films / "h"),
    ]
    for _ in range(2):
        assert screened(start)[0] == 3
        assert len(rows_of(films / "r.jsonl")) == 9


def test_a_missing_input_has_its_line(bundle: ModelBundle, tmp_path: Path) -> None:
    status, _, _ = screened(
        [str(tmp_path / "gone"), "--model", str(bundle.location), "--out", str(tmp_path / "r.jsonl")]
    )
    assert status == 3
    assert [row["error"]["code"] for row in rows_of(tmp_path / "r.jsonl")] == ["missing"]


def test_what_can_not_be_carried_out_is_one_sentence(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(bundle.location, tmp_path / "damaged"))
    (damaged / "graph.onnx").write_bytes(b"x")
    blocked = tmp_path / "file"
    blocked.touch()
    model, target = str(bundle.location), str(tmp_path / "r.jsonl")
    for arguments in (
        ["--model", "unheard-of", "--out", target],
        ["--model", str(damaged), "--out", target],
        ["--model", model, "--out", str(blocked / "r.jsonl")],
        ["--model", model, "--out", target, "--heatmaps", str(blocked / "maps")],
        ["--model", model, "--out", target, "--engine", "onnx", "--device", "cuda"],
    ):
        status, _, complaint = screened([str(films), *arguments])
        assert status == 2
        assert complaint.count("\n") == 1


@pytest.mark.parametrize("value", ["-0.1", "1.1", "nan", "half"])
def test_shares_are_zero_to_one(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        screened(["films", "--model", "m", "--out", "f", "--threshold", value])
    assert caught.value.code == 2
    assert "0 to 1" in capsys.readouterr().err


def test_no_thread_stays_behind(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    screened([str(films), "--model", str(bundle.location), "--out", str(tmp_path / "r.jsonl")])
    assert not [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("screen")]


def test_heat_maps_of_equal_names_do_not_collide() -> None:
    refs = [ImageRef(Path("a/film.png")), ImageRef(Path("b/film.png")), ImageRef(Path("a/film.png"), 1)]
    refs += [ImageRef(Path("a/film.jpg")), ImageRef(Path("a/fi:lm.png")), ImageRef(Path("a/fi?lm.png"))]
    names = [heatmap_name(ref, label) for ref in refs for label in ("MASS", "mass", "M/S")]
    assert len({name.casefold() for name in names}) == len(names)
    assert heatmap_name(refs[0], "MASS") == "film-0-MASS-" + names[0][-20:]
    long = heatmap_name(ImageRef(Path("f" * 250 + ".png")), "L" * 64)
    assert len(long.encode()) < 255
    assert not set('/\\:?*<>|"') & set("".join(names))


def test_ordered_work_is_bounded_and_in_order() -> None:
    taken = []

    def source() -> Iterator[int]:
        for index in range(50):
            taken.append(index)
            yield index

    with ThreadPoolExecutor(3) as pool:
        results = ordered_map(pool, lambda index: index * index, source(), 4)
        for position, result in enumerate(results):
            assert result == position * position
            assert len(taken) <= position + 4


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full here")
@pytest.mark.parametrize("resumed", [[], ["--resume"]])
def test_a_full_disk_is_one_sentence(bundle: ModelBundle, films: Path, tmp_path: Path, resumed: list[str]) -> None:
    target = tmp_path / "full.jsonl"
    target.symlink_to("/dev/full")  # it can be read without an end, too
    status, _, complaint = screened([str(films), "--model", str(bundle.location), "--out", str(target), *resumed])
    assert (status, complaint) == (2, "The results can't be written any further.\n")
    assert target.is_symlink()
    assert Path("/dev/full").is_char_device()


def test_results_are_not_written_over_a_film(bundle: ModelBundle, films: Path) -> None:
    film = films / "film 2.png"
    whole = film.read_bytes()
    for extra in ([], ["--resume"]):
        status, _, complaint = screened([str(films), "--model", str(bundle.location), "--out", str(film), *extra])
        assert status == 2
        assert "is a film" in complaint
        assert film.read_bytes() == whole


@pytest.mark.parametrize("foreign", [b"notes without an end of line", b"0" * (3 << 20)])
def test_what_is_no_torn_line_is_not_cut_off(bundle: ModelBundle, films: Path, tmp_path: Path, foreign: bytes) -> None:
    target = tmp_path / "r.jsonl"
    target.write_bytes(foreign)
    status, _, _ = screened([str(films), "--model", str(bundle.location), "--out", str(target), "--resume"])
    assert status == 2
    assert target.read_bytes() == foreign


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_film_named_twice_has_two_lines_after_resuming_too(
    bundle: ModelBundle, films: Path, tmp_path: Path, kept: int
) -> None:
    target = tmp_path / "r.jsonl"
    paths = [str(films / name) for name in ("film 2.png", "film 10.png", "film 2.png")]
    start = [*paths, "--model", str(bundle.location), "--out", str(target)]
    screened(start)
    lines = target.read_bytes().splitlines(keepends=True)
    target.write_bytes(b"".join(lines[:kept]))
    assert screened([*start, "--resume"])[0] == 0
    assert [row["path"] for row in rows_of(target)] == paths


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal are another matter there")
@pytest.mark.parametrize("sent", ["SIGINT", "SIGKILL"])
def test_a_run_that_is_stopped_from_outside_goes_on(
    bundle: ModelBundle, films: Path, tmp_path: Path, sent: str
) -> None:
    """The whole program and its children, as a terminal would stop them, with heat maps under way."""
    many, target, maps = tmp_path / "many", tmp_path / "r.jsonl", tmp_path / "maps"
    many.mkdir()
    for index in range(400):
        (many / f"{index}.png").symlink_to(films / "film 2.png")
    paths = [str(films), str(many)]
    program = [sys.executable, str(Path(__file__).parents[3] / "main.py"), "screen", *paths]
    program += ["--model", str(bundle.location), "--out", str(target), "--heatmaps", str(maps)]
    run = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (target.exists() and target.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(run.pid, signal.Signals[sent])
    _, complaint = run.communicate(timeout=60)
    if sent == "SIGINT":
        assert run.returncode == 130
        assert complaint == "Interrupted. The lines written so far stay; --resume goes on behind them.\n"
    assert 0 < target.read_bytes().count(b"\n") < 409
    status, said, _ = screened([*program[3:], "--resume"])
    assert (status, said.splitlines()[-1].split(" lines")[0]) == (3, "409")
    rows = rows_of(target)
    assert [row["path"] for row in rows[-400:]] == [(many / f"{index}.png").as_posix() for index in range(400)]
    for row in rows[-400:]:
        with Image.open(row["heatmaps"]["OPACITY"]) as heatmap:
            heatmap.load()


def test_several_views_are_said_everywhere(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    """In every line and beside the summary; and their lines are not mixed with those of one view."""
    target = tmp_path / "r.jsonl"
    start = [str(films), "--model", str(bundle.location), "--engine", "onnx", "--out", str(target)]
    screened(start)
    plain = rows_of(target)
    status, said, _ = screened([*start, "--views", "3"])
    rows = rows_of(target)
    assert status == 3
    assert {row["engine"] for row in rows} == {"onnx-cpu+3views"}
    assert "3 views: 3 times the network's time" in said
    assert "the operating points were counted on one view" in said
    assert [row["findings"] == [] for row in rows] == [row["findings"] == [] for row in plain]
    assert same(rows) != same(plain)
    assert screened([*start, "--views", "3", "--resume"])[0] == 3
    status, _, complaint = screened([*start, "--resume"])
    assert (status, complaint.count("\n")) == (2, 1)
    with pytest.raises(SystemExit):
        screened([*start, "--views", "0"])


def test_half_precision_is_said_in_every_line(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    start = [str(films), "--model", str(bundle.location), "--out", str(tmp_path / "r.jsonl"), "--precision", "half"]
    assert screened([*start, "--engine", "torch", "--device", "cpu"])[0] == 3
    assert {row["engine"] for row in rows_of(tmp_path / "r.jsonl")} == {"torch-cpu-half"}
    status, _, complaint = screened([*start, "--device", "cpu"])
    assert (status, complaint.count("\n")) == (2, 1)
