"""Finding films in files and folders."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.errors import Code
from imaging.progress import Cancelled, CancelToken
from imaging.read.look import Found, Refused
from imaging.read.scan import scan
from tests import dicom_files as make


def scanned(*paths: Path) -> list[Found | Refused]:
    return list(scan(paths, CancelToken()))


def codes(results: list[Found | Refused]) -> list[Code]:
    return [result.error.code for result in results if isinstance(result, Refused)]


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(make.film(bits=8)).save(path, "PNG")
    return path


def test_natural_order_with_folders_first(tmp_path: Path) -> None:
    for name in ("film 10.png", "film 2.png", "Film 1.png", "b/x.png", "a 2/x.png", "a 10/x.png", "a 2/deeper/y.png"):
        picture(tmp_path / name)
    names = [r.ref.path.relative_to(tmp_path).as_posix() for r in scanned(tmp_path) if isinstance(r, Found)]
    assert names == [
        "a 2/deeper/y.png", "a 2/x.png", "a 10/x.png", "b/x.png", "Film 1.png", "film 2.png", "film 10.png",
    ]  # fmt: skip


def test_kinds_are_told_by_content(tmp_path: Path) -> None:
    picture(tmp_path / "1.dcm")
    make.write_dicom(tmp_path / "2.png", make.film())
    (tmp_path / "3.dcm").write_text("Dear colleague, …", "utf-8")
    raster, dicom, text = scanned(tmp_path)
    assert isinstance(raster, Found)
    assert isinstance(dicom, Found)
    assert isinstance(text, Refused)
    assert (raster.kind, dicom.kind, text.error.code) == ("raster", "dicom", Code.NOT_A_FILM)
    assert "text file" in text.error.message


def test_the_header_and_the_uid_come_along(tmp_path: Path) -> None:
    path = make.write_dicom(tmp_path / "film", np.stack([make.film()] * 3), frames=3, StudyDate="20261121")
    (found,) = scanned(path)
    assert isinstance(found, Found)
    assert found.header is not None
    assert (found.frames, found.header.study_date, found.header.patient_name) == (3, "2026-11-21", "Test, Film")
    assert found.ref.uid is not None


def test_pages_of_a_tiff_are_counted(tmp_path: Path) -> None:
    page = Image.fromarray(make.film(bits=8))
    page.save(tmp_path / "film.tif", save_all=True, append_images=[page, page])
    (found,) = scanned(tmp_path / "film.tif")
    assert isinstance(found, Found)
    assert found.frames == 3


def test_a_folder_without_films(tmp_path: Path) -> None:
    (refused,) = scanned(tmp_path)
    assert isinstance(refused, Refused)
    assert (refused.path, refused.error.message) == (tmp_path, "There are no films in this folder.")


def test_what_is_no_film_is_named_and_the_folder_too(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    results = scanned(tmp_path)
    assert [r.path for r in results if isinstance(r, Refused)] == [tmp_path / "notes.txt", tmp_path]


def test_hidden_files_and_our_own_are_passed_over(tmp_path: Path) -> None:
    picture(tmp_path / "film.png")
    for name in (".hidden", "negatoscope.json", "truth.json", "DICOMDIR", "Thumbs.db", ".DS_Store", ".git/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert len(scanned(tmp_path)) == 1


def test_a_hidden_film_that_is_named_is_opened(tmp_path: Path) -> None:
    assert isinstance(scanned(picture(tmp_path / ".film.png"))[0], Found)


@pytest.mark.parametrize("name", ["Плёнка.png", "film 🫁.dcm", "name with  spaces .png", "..png"])
def test_names(tmp_path: Path, name: str) -> None:
    (found,) = scanned(picture(tmp_path / name))
    assert isinstance(found, Found)
    assert found.ref.path.name == name


def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has such names")
    path = os.fsencode(tmp_path) + b"/\xff\xfe.png"
    picture(tmp_path / "film.png").rename(os.fsdecode(path))
    assert isinstance(scanned(tmp_path)[0], Found)


def test_missing_empty_and_cut(tmp_path: Path) -> None:
    (tmp_path / "empty.dcm").touch()
    assert codes(scanned(tmp_path / "nowhere" / "film.dcm", tmp_path / "empty.dcm")) == [Code.MISSING, Code.EMPTY]


def test_loops_of_links_end(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "film.png")
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "nothing").symlink_to(tmp_path / "gone")
    results = scanned(tmp_path)
    assert [r.ref.path.name for r in results if isinstance(r, Found)] == ["film.png"]
    assert sorted(codes(results)) == [Code.MISSING, Code.UNREADABLE]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "film.dcm")
    assert codes(scanned(tmp_path / "film.dcm")) == [Code.NOT_A_FILM]


@pytest.fixture
def _as_nobody() -> Iterator[None]:
    if sys.platform == "win32" or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def anyones_folder() -> Iterator[Path]:
    """Pytest's own are closed to others from above."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_no_permission(anyones_folder: Path, request: pytest.FixtureRequest) -> None:
    if sys.platform == "win32":
        pytest.skip("POSIX permissions")
    path, folder = picture(anyones_folder / "film.png"), anyones_folder / "folder"
    picture(folder / "film.png")
    path.chmod(0)
    folder.chmod(0)
    request.getfixturevalue("_as_nobody")
    found = scanned(path, folder, folder / "film.png")
    assert codes(found) == [Code.NO_PERMISSION] * 3
    said = [item.error.message.split()[-1] for item in found if isinstance(item, Refused)]
    assert said == ["file.", "folder.", "file."]


def test_dicom_without_a_picture(tmp_path: Path) -> None:
    report = make.dataset(make.film(), Modality="SR", PixelData=None, Rows=None)
    cut = make.dataset(make.film(), PixelData=None)
    results = scanned(make.write_dataset(tmp_path / "report", report), make.write_dataset(tmp_path / "cut", cut))
    assert codes(results) == [Code.NO_PIXELS, Code.TRUNCATED]
    assert next(r.error.message for r in results if isinstance(r, Refused)) == "This report holds no picture."


def test_cancelling_between_two_files(tmp_path: Path) -> None:
    for index in range(3):
        picture(tmp_path / f"{index}.png")
    token = CancelToken()
    results = scan([tmp_path], token)
    next(results)
    token.cancel()
    with pytest.raises(Cancelled):
        next(results)


def test_results_stream(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")
    picture(tmp_path / "2.png")
    results = scan([tmp_path], CancelToken())
    next(results)
    (tmp_path / "2.png").unlink()
    (second,) = results
    assert isinstance(second, Refused)
    assert second.error.code is Code.MISSING


def test_programs_that_want_different_films_see_the_same_places(tmp_path: Path) -> None:
    for name in ("a/1.png", "a/2.png", "b 1/3.png", "4.png", "5.png"):
        picture(tmp_path / name)
    (tmp_path / "a" / "notes.txt").write_text("no film")
    (tmp_path / "only" / "notes").mkdir(parents=True)
    (tmp_path / "only" / "notes" / "1.txt").write_text("no film")
    paths = [tmp_path / "only", tmp_path, tmp_path / "gone"]
    whole = list(scan(paths, CancelToken()))
    assert [item.place for item in whole] == list(range(len(whole)))
    shares = [
        list(scan(paths, CancelToken(), functools.partial(lambda own, path: len(path.name) % 3 == own, rank)))
        for rank in range(3)
    ]
    assert all(shares)
    together = sorted((item for share in shares for item in share), key=lambda item: item.place)
    assert [(item.place, item.path) for item in together] == [(item.place, item.path) for item in whole]


def test_a_folder_without_films_is_refused_by_whoever_wants_it(tmp_path: Path) -> None:
    """Though the program that wants it wants none of its files."""
    for name in ("1.txt", "2.txt"):
        (tmp_path / name).write_text("no film")
    (refused,) = scan([tmp_path], CancelToken(), lambda path: path == tmp_path)
    assert isinstance(refused, Refused)
    assert (refused.path, refused.place) == (tmp_path, 2)
    picture(tmp_path / "2.txt")
    assert list(scan([tmp_path], CancelToken(), lambda path: path == tmp_path)) == []


def test_what_is_no_input_has_no_place(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "3.png"):
        picture(tmp_path / name)
    found = scan([tmp_path], CancelToken(), lambda path: None if path.name == "1.png" else True)
    assert [(item.path.name, item.place) for item in found] == [("2.png", 0), ("3.png", 1)]


class SlowDrive:
    """A folder whose files take a while to open, as on a network drive, and how many were waited for at once."""

    def __init__(self) -> None:
        self.folder, self.now, self.most = "", 0, 0
        self._counting = threading.Lock()
        sys.addaudithook(self._hear)  # stays for as long as the process; without a folder it hears nothing

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not self.folder or not str(arguments[0]).startswith(self.folder):
            return
        with self._counting:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.01)
        with self._counting:
            self.now -= 1


@pytest.fixture(scope="module")
def drive() -> SlowDrive:
    return SlowDrive()


@pytest.fixture
def slow_drive(tmp_path: Path, drive: SlowDrive) -> Iterator[SlowDrive]:
    for number in range(40):
        picture(tmp_path / f"{number}.png")
    (tmp_path / "33.png").write_text("no film")
    drive.folder, drive.most = str(tmp_path), 0
    yield drive
    drive.folder = ""


def test_files_of_a_slow_drive_are_waited_for_together_and_told_in_order(tmp_path: Path, slow_drive: SlowDrive) -> None:
    results = list(scan([tmp_path], CancelToken()))
    assert slow_drive.most > 1
    assert [(item.place, item.path.name) for item in results] == [(number, f"{number}.png") for number in range(40)]
    assert [item.place for item in results if isinstance(item, Refused)] == [33]


def test_what_nobody_wants_of_a_slow_drive_is_not_looked_at(tmp_path: Path, slow_drive: SlowDrive) -> None:
    for number in range(0, 40, 2):
        (tmp_path / f"{number}.png").write_text("Dear colleague")  # would be refused
    results = list(scan([tmp_path], CancelToken(), lambda path: int(path.stem) % 2 == 1))
    assert slow_drive.most > 1
    assert [item.path.stem for item in results] == [str(number) for number in range(1, 40, 2)]
    assert [item.place for item in results] == list(range(1, 40, 2))


def test_a_slow_drive_lets_go_when_nobody_reads_on(tmp_path: Path, slow_drive: SlowDrive) -> None:
    results = scan([tmp_path], CancelToken())
    for _ in range(12):
        next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("scan")]
