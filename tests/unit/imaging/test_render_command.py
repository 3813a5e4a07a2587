from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging import render_command
from imaging.read.decode import decode
from imaging.show.render import display_pixels
from imaging.study import ImageRef
from tests import dicom_files
from tests.commands import commanded

WINDOWS = {"WindowCenter": [2000, 900], "WindowWidth": [3000, 400]}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Two frames with two windows."""
    path = tmp_path / "film.dcm"
    frames = np.stack([dicom_files.film(40, 50, seed=index) for index in range(2)])
    dicom_files.write_dicom(path, frames, frames=2, **WINDOWS)
    return path


def rendered(film: Path, out: Path, *extra: str) -> tuple[int, str]:
    """The exit status of the command, and what it says to err."""
    done = commanded(render_command, film, "--out", out, *extra)
    assert not done.out
    return done.status, done.err


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


def test_the_picture_is_what_the_window_shows(film: Path, tmp_path: Path) -> None:
    for frame in (0, 1):
        assert rendered(film, tmp_path / "p.png", "--frame", str(frame)) == (0, "")
        assert np.array_equal(pixels_of(tmp_path / "p.png"), display_pixels(decode(ImageRef(film, frame))))


def test_each_choice_is_another_picture(film: Path, tmp_path: Path) -> None:
    pictures = []
    for extra in (["--voi", "0"], ["--voi", "1"], ["--voi", "none"], ["--window", "1500,700"]):
        assert rendered(film, tmp_path / "p.png", *extra) == (0, "")
        pictures.append(pixels_of(tmp_path / "p.png").tobytes())
    assert len(set(pictures)) == 4


def test_a_window_may_begin_with_a_minus(film: Path, tmp_path: Path) -> None:
    assert rendered(film, tmp_path / "a.png", "--window", "-600,1500") == (0, "")
    assert rendered(film, tmp_path / "b.png", "--window=-600,1500") == (0, "")
    assert np.array_equal(pixels_of(tmp_path / "a.png"), pixels_of(tmp_path / "b.png"))


@pytest.mark.parametrize(
    "extra",
    [
        ["--window", "nan,100"],
        ["--window", "inf,100"],
        ["--window", "100,inf"],
        ["--window", "100,0"],
        ["--window", "100"],
        ["--window", "1,2,3"],
        ["--window", "100,200", "--voi", "0"],
        ["--frame", "-1"],
        ["--frame", "one"],
        ["--frame", "1" * 5000],
    ],
)
def test_wrong_usage_is_2(film: Path, tmp_path: Path, extra: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        rendered(film, tmp_path / "p.png", *extra)
    assert caught.value.code == 2
    assert "error: argument" in capsys.readouterr().err
    assert not (tmp_path / "p.png").exists()


@pytest.mark.parametrize("voi", ["2", "-1", "best", "", "9" * 5000])
def test_a_window_that_the_film_does_not_have_is_2(film: Path, tmp_path: Path, voi: str) -> None:
    status, complaint = rendered(film, tmp_path / "p.png", f"--voi={voi}")
    assert status == 2
    assert "the film has 2 of its own" in complaint


def test_a_refused_film_is_3(film: Path, tmp_path: Path) -> None:
    (tmp_path / "text.dcm").write_text("no film")
    refused = [rendered(tmp_path / name, tmp_path / "p.png") for name in ("text.dcm", "gone", "")]
    refused.append(rendered(film, tmp_path / "p.png", "--frame", "2"))
    for status, complaint in refused:
        assert status == 3
        assert complaint.count("\n") == 1
    assert not (tmp_path / "p.png").exists()


def test_where_nothing_can_be_written_is_2(film: Path, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing" / "p.png", Path("/dev/full")):
        status, complaint = rendered(film, place)
        assert (status, complaint) == (2, f"The picture can't be written to {place}.\n")


def test_the_film_itself_is_not_written_over(film: Path, tmp_path: Path) -> None:
    whole = film.read_bytes()
    (tmp_path / "link.dcm").symlink_to(film)
    for out in (film, tmp_path / "link.dcm"):
        assert rendered(film, out)[0] == 2
        assert film.read_bytes() == whole
