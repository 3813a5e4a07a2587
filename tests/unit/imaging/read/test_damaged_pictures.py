"""PNG, JPEG and TIFF that were cut short, damaged or made to harm: what is there is shown, or one code says why not."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imaging.errors import Code, FilmError
from imaging.read import picture
from imaging.read.decode import decode
from imaging.read.limits import Limits
from imaging.study import ImageRef
from tests.dicom_files import film


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["png", "png 16", "png colour", "jpg", "jpg colour", "tif", "tif 16", "tif colour"])
def test_what_a_cut_picture_holds_is_shown(tmp_path: Path, kind: str, share: float) -> None:
    suffix, _, form = kind.partition(" ")
    whole: Any = film(200, 300, bits=16 if form == "16" else 8) | 1
    if form == "colour":
        whole = np.stack([whole, whole[::-1], whole[:, ::-1]], axis=-1)
    path = tmp_path / f"film.{suffix}"
    Image.fromarray(whole).save(path)
    expected = decode(ImageRef(path)).pixels
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    image = decode(ImageRef(path))
    rows = round(image.complete * 200)
    assert image.complete == pytest.approx(share, abs=0.15)
    np.testing.assert_array_equal(image.pixels[: rows - 16], expected[: rows - 16])
    assert not image.pixels[rows:].any()


@pytest.mark.parametrize("order", ["<", ">"])
def test_whole_strips_of_a_cut_tiff_are_shown(tmp_path: Path, order: str) -> None:
    """Deflated, with the directory in front, as some scanners write them."""
    whole = film(200, 300, bits=8) | 1
    strips = [zlib.compress(whole[top : top + 20].tobytes()) for top in range(0, 200, 20)]
    starts = np.cumsum([208] + [len(strip) for strip in strips])
    lists = struct.pack(f"{order}10I", *(len(strip) for strip in strips)), struct.pack(f"{order}10I", *starts[:10])
    tags = [(256, 1, 300), (257, 1, 200), (258, 1, 8), (259, 1, 8), (262, 1, 1), (273, 10, 168), (277, 1, 1)]
    tags += [(278, 1, 20), (279, 10, 128)]
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, count, number) for tag, count, number in tags)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, 9) + entries + bytes(4)
    head += bytes(128 - len(head)) + lists[0] + lists[1]
    path = tmp_path / "film.tif"
    data = head.ljust(int(starts[0]), b"\0") + b"".join(strips)
    path.write_bytes(data)
    np.testing.assert_array_equal(decode(ImageRef(path)).pixels, whole)
    path.write_bytes(data[: int(starts[6]) + 9])
    image = decode(ImageRef(path))
    assert image.complete == 0.6
    np.testing.assert_array_equal(image.pixels[:120], whole[:120])
    assert not image.pixels[120:].any()


def refusal_of(path: Path, limits: Limits | None = None) -> Code:
    """The code of the refusal, which names no file."""
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(path), limits=limits or Limits())
    assert path.name not in refusal.value.message
    return refusal.value.code


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_tiff_without_its_directory(tmp_path: Path, share: float) -> None:
    path = tmp_path / "film.tif"
    Image.fromarray(film(200, 300, bits=8)).save(path, compression="tiff_lzw")  # which stands behind the picture
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert refusal_of(path) is Code.TRUNCATED


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_file_cut_short_before_its_first_row(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film.{suffix}"
    Image.fromarray(film(200, 300, bits=8)).save(path)
    for kept in (60, 200, 400):
        path.write_bytes(path.read_bytes()[:kept])
        assert refusal_of(path) is Code.TRUNCATED


def test_a_picture_of_endless_scans(tmp_path: Path) -> None:
    path = tmp_path / "film.jpg"
    Image.fromarray(film(200, 300, bits=8)).save(path, progressive=True)
    assert decode(ImageRef(path)).complete == 1.0
    data = path.read_bytes()
    last = data.rindex(b"\xff\xda")
    path.write_bytes(data[:last] + data[last:-2] * 90_000 + data[-2:])
    assert refusal_of(path) is Code.TOO_LARGE


def test_scans_are_counted_without_reading_the_whole_file_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Piece by piece; a marker may lie across two of them."""
    path = tmp_path / "film.jpg"
    Image.fromarray(film(200, 300, bits=8)).save(path, progressive=True)
    scans = path.read_bytes().count(b"\xff\xda")
    for piece in (1, 3, 1000):
        monkeypatch.setattr(picture, "_PIECE_BYTES", piece)
        assert decode(ImageRef(path), limits=replace(Limits(), max_scan_pixels=scans * 60_000)).complete == 1.0
        assert refusal_of(path, replace(Limits(), max_scan_pixels=scans * 60_000 - 1)) is Code.TOO_LARGE


def test_a_tiff_of_endless_pages(tmp_path: Path) -> None:
    path = tmp_path / "film.tif"
    page = Image.fromarray(film(20, 30, bits=8))
    page.save(path, save_all=True, append_images=[page] * 9)
    assert decode(ImageRef(path), limits=replace(Limits(), max_frames=10)).frames == 10
    assert refusal_of(path, replace(Limits(), max_frames=9)) is Code.TOO_LARGE


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    Image.fromarray(film(200, 300, bits=8)).save(path)
    data = bytearray(path.read_bytes())
    data[200:260] = bytes(60)
    path.write_bytes(data)
    assert refusal_of(path) is Code.CORRUPT


def test_one_pixel(tmp_path: Path) -> None:
    Image.new("L", (1, 1)).save(tmp_path / "film.png")
    assert refusal_of(tmp_path / "film.png") is Code.TOO_SMALL


def test_a_size_that_is_only_claimed(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(_png_claiming(60_000, 60_000))
    assert refusal_of(path) is Code.TOO_LARGE


def _png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_what_libtiff_says_of_a_damaged_film_stays_off_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "film.tif"
    Image.fromarray(film(200, 300, bits=8)).save(path, compression="tiff_adobe_deflate")
    data = bytearray(path.read_bytes())
    data[200:260] = bytes(60)
    path.write_bytes(data)
    code = "import sys; from pathlib import Path; from imaging.read.decode import decode; "
    code += "from imaging.study import ImageRef; decode(ImageRef(Path(sys.argv[1])))"
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1].startswith("imaging.errors.FilmError: The file is damaged")
    assert "ZIPDecode" not in done.stderr
