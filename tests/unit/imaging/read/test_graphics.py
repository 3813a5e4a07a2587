"""What a file draws over its film: found, put where it belongs, and left out where it can't be understood."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset

from imaging.image import Graphics
from imaging.read.decode import decode
from imaging.study import ImageRef
from tests import dicom_files as make

ROWS, COLUMNS = 24, 32
DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "dicom"
Mask = npt.NDArray[np.bool_]


def mask(rows: int = ROWS, columns: int = COLUMNS, seed: int = 1) -> Mask:
    return np.random.default_rng(seed).random((rows, columns)) < 0.2


def add_plane(made: Dataset, drawn: Mask, group: int = 0x6000, **more: Any) -> Dataset:
    """Put a mask [H, W] or [frames, H, W] into a data set; `more` overrides elements by their number, as in e0050."""
    usual = {
        0x0010: ("US", drawn.shape[-2]),
        0x0011: ("US", drawn.shape[-1]),
        0x0040: ("CS", "G"),
        0x0050: ("SS", [1, 1]),
        0x0100: ("US", 1),
        0x0102: ("US", 0),
        0x3000: ("OW", _padded(np.packbits(drawn.reshape(-1), bitorder="little").tobytes())),
    }
    given = {int(name[1:], 16): (("SS" if name == "e0050" else "US"), value) for name, value in more.items()}
    for element, (vr, value) in {**usual, **given}.items():
        if value is not None:
            made.add_new(group << 16 | element, vr, value)
    return made


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (len(data) % 2)


def graphics(path: Path, made: Dataset, frame: int = 0) -> Graphics | None:
    return decode(ImageRef(make.write_dataset(path / "film.dcm", made), frame)).graphics


def shown(found: Graphics | None) -> Mask:
    assert found is not None
    return np.asarray(found.mask() > 0)


def test_a_film_without_graphics_has_none(tmp_path: Path) -> None:
    assert graphics(tmp_path, make.dataset(make.film())) is None
    assert graphics(tmp_path, add_plane(make.dataset(make.film()), np.zeros((ROWS, COLUMNS), bool))) is None


@pytest.mark.parametrize("syntax", [make.IMPLICIT, make.EXPLICIT, make.BIG_ENDIAN, make.DEFLATED, make.RLE])
def test_the_very_pixels_in_every_encoding(tmp_path: Path, syntax: str) -> None:
    made = make.dataset(make.film(), transfer_syntax=syntax)
    drawn = mask()
    add_plane(made, drawn)
    if syntax == make.BIG_ENDIAN:  # words of 16 bits, the other way round
        data = made[0x60003000].value
        made[0x60003000].value = np.frombuffer(data, "<u2").astype(">u2").tobytes()
    assert np.array_equal(shown(graphics(tmp_path, made)), drawn)


def test_planes_add_up_and_keep_their_names(tmp_path: Path) -> None:
    made = add_plane(make.dataset(make.film()), mask(seed=1))
    add_plane(made, mask(seed=2), 0x601E)
    made.add_new(0x60001500, "LO", "Ruler")
    made.add_new(0x601E0022, "LO", "Lines")
    found = graphics(tmp_path, made)
    assert np.array_equal(shown(found), mask(seed=1) | mask(seed=2))
    assert found is not None
    assert found.names == ("Ruler", "Lines")


@pytest.mark.parametrize("origin", [[5, 9], [-3, 4], [1, -10], [-40, 1], [25, 33], [32767, -32768]])
def test_a_plane_lies_at_its_origin_and_is_cut_at_the_film(tmp_path: Path, origin: list[int]) -> None:
    drawn = mask(12, 50)
    expected = np.zeros((ROWS, COLUMNS), bool)
    for row, column in np.argwhere(drawn):
        at = (row + origin[0] - 1, column + origin[1] - 1)
        if 0 <= at[0] < ROWS and 0 <= at[1] < COLUMNS:
            expected[at] = True
    found = graphics(tmp_path, add_plane(make.dataset(make.film()), drawn, e0050=origin))
    assert np.array_equal(shown(found), expected) if expected.any() else found is None


@pytest.mark.parametrize(
    ("first", "frames", "seen"), [(2, 2, {1: 0, 2: 1}), (1, 1, {0: 0}), (None, None, dict.fromkeys(range(4), 0))]
)
def test_planes_of_several_frames(tmp_path: Path, first: int | None, frames: int | None, seen: dict[int, int]) -> None:
    made = make.dataset(np.stack([make.film()] * 4), frames=4)
    drawn = np.stack([mask(seed=number) for number in range(frames or 1)])
    add_plane(made, drawn, e0051=first, e0015=frames)
    for frame in range(4):
        found = graphics(tmp_path, made, frame)
        assert np.array_equal(shown(found), drawn[seen[frame]]) if frame in seen else found is None


def test_old_files_draw_in_the_spare_bits_of_pixels(tmp_path: Path) -> None:
    drawn = mask()
    stored = make.film()
    pixels = stored | (drawn.astype(np.uint16) << 14)
    made = make.dataset(pixels, bits_stored=12)
    add_plane(made, drawn, e0100=16, e0102=14)
    del made[0x60003000]
    image = decode(ImageRef(make.write_dataset(tmp_path / "film.dcm", made)))
    assert np.array_equal(shown(image.graphics), drawn)
    assert np.array_equal(image.pixels, stored), "the film itself is free of them"
    made[0x60000102].value = 3
    assert graphics(tmp_path, made) is None, "a bit of the stored value is no graphic"


def test_colour_films_have_them_too(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (ROWS, COLUMNS, 3)).astype(np.uint8)
    made = add_plane(make.dataset(pixels, photometric="RGB"), mask())
    assert np.array_equal(shown(graphics(tmp_path, made)), mask())


def test_data_that_end_early_show_what_is_there(tmp_path: Path) -> None:
    made = add_plane(make.dataset(make.film()), np.ones((ROWS, COLUMNS), bool))
    made[0x60003000].value = made[0x60003000].value[:10]
    assert int(shown(graphics(tmp_path, made)).sum()) == 80


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.dictionaries(
        st.sampled_from(["e0010", "e0011", "e0015", "e0051", "e0100", "e0102"]), st.integers(0, 65535)
    ),
    origin=st.lists(st.integers(-32768, 32767), max_size=3),
)
def test_no_header_of_graphics_keeps_a_film_from_being_read(
    tmp_path: Path, numbers: dict[str, int], origin: list[int]
) -> None:
    made = add_plane(make.dataset(make.film()), mask(), e0050=origin, **numbers)
    image = decode(ImageRef(make.write_dataset(tmp_path / "film.dcm", made)))
    assert np.array_equal(image.pixels, make.film())
    assert image.graphics is None or image.graphics.mask().shape == image.pixels.shape


def painted_by_dcmtk(path: Path, folder: Path) -> Mask:
    """Where dcmj2pnm paints something over the film, which the window makes black."""
    program = shutil.which("dcmj2pnm")
    if program is None:
        pytest.skip("dcmj2pnm (Debian's dcmtk) is not installed")
    pictures = []
    for option in (["-O"], ["+O", "0", "+Omr"]):
        out = folder / "shown.pgm"
        subprocess.run([program, *option, "+Ww", "9000", "2", path, out], check=True, capture_output=True)
        with Image.open(out) as picture:
            pictures.append(np.asarray(picture, np.int16))
    return np.asarray(pictures[0] != pictures[1])


def test_dcmtk_paints_the_same_places(tmp_path: Path) -> None:
    made = make.dataset(np.full((ROWS, COLUMNS), 7, np.uint16))
    add_plane(made, mask(10, 40), e0050=[3, -4])
    add_plane(made, mask(20, 9, seed=3), 0x6002, e0050=[-2, 12])
    path = make.write_dataset(tmp_path / "film.dcm", made)
    assert np.array_equal(shown(decode(ImageRef(path)).graphics), painted_by_dcmtk(path, tmp_path))


def test_dcmtk_paints_the_same_places_of_a_real_file(tmp_path: Path) -> None:
    path = DATA / "pydicom-data" / "MR-SIEMENS-DICOM-WithOverlays.dcm"
    if not path.is_file():
        pytest.skip("the shared DICOM files are not here")
    assert np.array_equal(shown(decode(ImageRef(path)).graphics), painted_by_dcmtk(path, tmp_path))
