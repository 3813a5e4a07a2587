"""`screen` as several processes, by the real torchrun; and what has to hold of their files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from imaging.errors import NegatoscopeError
from inference.bundles.bundle import ModelBundle
from inference.screening.shards import Rank, rank_of
from tests import dicom_files
from tests.screening import files_beside, rows_of, same, screened

MAIN = Path(__file__).parents[3] / "main.py"
ENVIRONMENT = {
    "RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "TORCHELASTIC_RESTART_COUNT": "3",
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Thirty films in two folders, a file of three frames, two that are refused, and a folder without films."""
    folder = tmp_path / "archive"
    (folder / "sub").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "empty" / "notes.txt").write_text("no film")
    generator = np.random.default_rng(3)
    for index in range(30):
        target = folder / ("sub" if index % 3 else ".") / f"film {index}.png"
        Image.fromarray(generator.integers(0, 256, (70, 90), np.uint8)).save(target)
    frames = np.stack([dicom_files.film(40, 50, seed=index) for index in range(3)])
    dicom_files.write_dicom(folder / "frames", frames, frames=3)
    (folder / "torn.png").write_bytes((folder / "film 0.png").read_bytes()[:100])
    return folder


def torchrun(processes: int, arguments: list[str]) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return subprocess.Popen(
        [*program, str(MAIN), "screen", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
    )


def test_two_processes_write_what_one_writes(bundle: ModelBundle, archive: Path, tmp_path: Path) -> None:
    """Heat maps too, and with the output among the films."""
    paths = [str(archive / "empty"), str(archive), str(archive / "film 0.png"), str(archive / "gone")]
    start = [*paths, "--model", str(bundle.location), "--out"]
    status, said, _ = screened([*start, str(tmp_path / "one.jsonl"), "--heatmaps", str(tmp_path / "one")])
    target = archive / "r.jsonl"
    run = torchrun(2, [*start, str(target), "--heatmaps", str(archive / "maps")])
    told, complaint = run.communicate(timeout=120)
    alone, together = rows_of(tmp_path / "one.jsonl"), rows_of(target)
    assert same(together) == same(alone)
    assert len(together) == 39
    assert [row["heatmaps"] is None for row in together] == [row["heatmaps"] is None for row in alone]
    first, second = ({f.name: f.read_bytes() for f in d.iterdir()} for d in (tmp_path / "one", archive / "maps"))
    assert first == second
    assert said.splitlines()[-1].split(" Written")[0] == told.splitlines()[-1].split(" Written")[0]
    assert told.count("39 lines") == 1
    assert status == 3
    assert "exitcode  : 3" in complaint  # torchrun's own words for the status of the first process
    assert files_beside(target) == []


def test_a_run_whose_process_was_killed_goes_on(bundle: ModelBundle, archive: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for index in range(600):
        (many / f"{index}.png").symlink_to(archive / "film 0.png")
    target = tmp_path / "r.jsonl"
    start = [str(archive), str(many), "--model", str(bundle.location), "--out", str(target)]
    run = torchrun(2, start)
    part = tmp_path / "r.jsonl.part-1-of-2"
    await_lines(part)
    victim = process_of(run.pid, "1")
    victim.kill()
    run.communicate(timeout=60)
    assert run.returncode != 0
    assert not target.exists()
    before = part.read_bytes()
    assert 0 < before.count(b"\n") < 300
    with part.open("ab") as torn:
        torn.write(b'700 {"schema": 1, "pa')
    status, said, _ = screened([*start, "--resume"])  # another number of processes takes over what there is
    assert (status, said.splitlines()[-1].split(" lines")[0]) == (3, "635")
    rows = rows_of(target)
    assert [row["path"] for row in rows[-600:]] == [(many / f"{index}.png").as_posix() for index in range(600)]
    assert [row["seconds"] for row in rows if (row["path"], row["frame"]) == first_film(before)] == [seconds(before)]
    assert files_beside(target) == []


def await_lines(part: Path) -> None:
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)


def process_of(agent: int, rank: str) -> psutil.Process:
    (found,) = (child for child in psutil.Process(agent).children() if child.environ().get("RANK") == rank)
    return found


def first_row(part: bytes) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(part.splitlines()[0].partition(b" ")[2])
    return row


def first_film(part: bytes) -> tuple[str, int]:
    return first_row(part)["path"], first_row(part)["frame"]


def seconds(part: bytes) -> float:
    return float(first_row(part)["seconds"])


def test_torchrun_says_which_share_is_whose() -> None:
    assert rank_of({}) == Rank() == rank_of({"RANK": "3"})
    assert rank_of(ENVIRONMENT) == Rank(1, 4, 1, 2, 3)
    assert rank_of({"RANK": "1", "WORLD_SIZE": "2"}) == Rank(1, 2, 1, 2)
    for wrong in ({"RANK": "4"}, {"RANK": "-1"}, {"LOCAL_RANK": "2"}, {"WORLD_SIZE": "many"}):
        with pytest.raises(NegatoscopeError):
            rank_of(ENVIRONMENT | wrong)


def test_shares_are_about_equal_and_leave_nothing_out() -> None:
    films = [Path(f"archive/{index // 100}/film {index}.dcm") for index in range(4000)]
    for world in (1, 2, 3, 8):
        taken = [[film for film in films if Rank(rank, world).takes(film)] for rank in range(world)]
        assert sum(map(len, taken)) == len(films) == len(set().union(*taken))
        assert max(map(len, taken)) < 1.15 * len(films) / world


@pytest.fixture
def parts(bundle: ModelBundle, archive: Path, tmp_path: Path) -> tuple[list[str], Path, list[bytes]]:
    """A command, its output, and the lines of a whole run by one process, each behind its place."""
    target = tmp_path / "r.jsonl"
    start = [str(archive), "--model", str(bundle.location), "--out", str(target)]
    screened(start)
    places, lines, last = -1, [], ""
    for raw in target.read_bytes().splitlines(keepends=True):
        path = json.loads(raw)["path"]
        places, last = places + (path != last), path
        lines.append(f"{places} ".encode() + raw)
    return start, target, lines


def test_a_merging_that_broke_off_is_ended(parts: tuple[list[str], Path, list[bytes]]) -> None:
    """Killed after all was merged, while the parts were being removed: nothing is written twice."""
    start, target, lines = parts
    whole = target.read_bytes()
    target.rename(f"{target}.merged")
    Path(f"{target}.part-1-of-2").write_bytes(b"".join(lines[1::2]))
    Path(f"{target}.merging").write_bytes(b"half a")
    assert screened([*start, "--resume"])[0] == 3
    assert target.read_bytes() == whole
    assert files_beside(target) == []


def test_parts_of_any_number_of_processes_are_merged_in_order(parts: tuple[list[str], Path, list[bytes]]) -> None:
    """The output of one process, a third of the rest in a part of three, the first frame of a film in one of two."""
    start, target, lines = parts
    whole = target.read_bytes()
    target.write_bytes(b"".join(line.partition(b" ")[2] for line in lines[:7]))
    Path(f"{target}.part-2-of-3").write_bytes(b"".join(lines[8::3]))
    Path(f"{target}.part-0-of-2").write_bytes(b"".join(lines[7::9]))
    assert screened([*start, "--resume"])[0] == 3
    assert same(rows_of(target)) == same([json.loads(line) for line in whole.splitlines()])
    kept = {line.partition(b" ")[2] for line in (*lines[:7], *lines[8::3], *lines[7::9])}
    assert kept <= set(target.read_bytes().splitlines(keepends=True))
    assert files_beside(target) == []


def test_parts_of_other_terms_are_not_gone_on_with(parts: tuple[list[str], Path, list[bytes]]) -> None:
    start, target, lines = parts
    target.unlink()
    part = Path(f"{target}.part-0-of-2")
    part.write_bytes(b"".join(lines[::2]))
    status, _, complaint = screened([*start, "--resume", "--threshold", "0.9"])
    assert (status, complaint.count("\n")) == (2, 1)
    assert "another model or from other options" in complaint
    assert part.read_bytes() == b"".join(lines[::2])


def test_a_run_that_begins_anew_leaves_no_part_behind(parts: tuple[list[str], Path, list[bytes]]) -> None:
    start, target, lines = parts
    whole = target.read_bytes()
    Path(f"{target}.part-0-of-2").write_bytes(b"".join(lines[::2]))
    assert screened(start)[0] == 3
    assert len(rows_of(target)) == len(whole.splitlines())
    assert files_beside(target) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal are another matter there")
def test_an_interrupt_from_the_terminal_leaves_parts_to_go_on_with(
    bundle: ModelBundle, archive: Path, tmp_path: Path
) -> None:
    """And the same number of processes goes on with them."""
    target = tmp_path / "r.jsonl"
    names = [f"film {index}.png" for index in range(0, 30, 3)]
    films = [str(archive / name) for name in names] * 120  # each named many times over
    start = [*films, "--model", str(bundle.location), "--out", str(target)]
    run = torchrun(2, start)
    parts = [tmp_path / f"r.jsonl.part-{rank}-of-2" for rank in range(2)]
    deadline = time.monotonic() + 60
    while not all(part.exists() and part.stat().st_size for part in parts) and time.monotonic() < deadline:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode != 0
    assert not target.exists()
    again = torchrun(2, [*start, "--resume"])
    told, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert told.count("1200 lines") == 1
    assert [row["path"] for row in rows_of(target)] == films
    assert files_beside(target) == []
