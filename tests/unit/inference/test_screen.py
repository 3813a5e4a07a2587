from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

from imaging.ahead import ordered_map
from imaging.paths import resource_path
from imaging.site import VARIABLE
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.maps.heat_files import heatmap_name
from tests.screening import rows_of, same, screened, write_films

CHECK = Path(__file__).parents[4] / "shared" / "checks" / "screen_lines.py"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Films of all kinds below a folder with letters that are not ASCII."""
    return write_films(tmp_path / "фильмы 🩻")


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


def test_what_the_site_locks_in_the_window_does_not_bind_a_command(
    bundle: ModelBundle, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"schema": 1, "settings": {"engine": "torch"}, "locked": ["engine"]}
    (tmp_path / "site.json").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "site.json"))
    out = tmp_path / "x.jsonl"
    words = [str(films / "film 2.png"), "--model", str(bundle.location), "--out", str(out), "--engine", "onnx"]
    assert screened(words)[0] == 0
    assert [row["engine"] for row in rows_of(out)] == ["onnx-cpu"]


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
