"""PNG, JPEG and TIFF pictures come out of `decode` as they are."""

from __future__ import annotations

import multiprocessing
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from imaging.errors import Code, FilmError
from imaging.image import DecodedImage, Window
from imaging.read import picture
from imaging.read.child import POOL
from imaging.read.decode import decode, decode_reduced
from imaging.read.limits import Limits
from imaging.read.picture_size import read_size, reduced
from imaging.study import ImageRef
from tests.dicom_files import film

AS_STORED = (Window(127.5, 255.0, "LINEAR_EXACT", "as stored"),)
GREY = film(20, 30, bits=8)
DEEP = film(20, 30, bits=16)
RGB = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)


def decoded(path: Path, frame: int = 0) -> DecodedImage:
    return decode(ImageRef(path, frame))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(GREY).save(tmp_path / f"film.{suffix}")
    image = decoded(tmp_path / f"film.{suffix}")
    np.testing.assert_array_equal(image.pixels, GREY)
    assert (image.bits, image.voi, image.frames, image.spacing) == (8, AS_STORED, 1, None)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_a_colour_profile_is_named_and_not_applied(tmp_path: Path, suffix: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    saved: dict[str, dict[str, Any]] = {"with": {"icc_profile": profile}, "without": {}}
    for name, more in saved.items():
        Image.fromarray(GREY).save(tmp_path / f"{name}.{suffix}", **more)
    with_profile, without = (decoded(tmp_path / f"{name}.{suffix}") for name in ("with", "without"))
    assert (with_profile.header.icc, without.header.icc) == (True, False)
    np.testing.assert_array_equal(with_profile.pixels, without.pixels)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits_without_a_window(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(DEEP).save(tmp_path / f"film.{suffix}")
    image = decoded(tmp_path / f"film.{suffix}")
    np.testing.assert_array_equal(image.pixels, DEEP)
    assert image.pixels.dtype == np.uint16
    assert (image.bits, image.voi) == (16, ())


def test_single_bits(tmp_path: Path) -> None:
    mask = GREY > 100
    Image.fromarray(mask).save(tmp_path / "film.png")
    np.testing.assert_array_equal(decoded(tmp_path / "film.png").pixels, mask * np.uint8(255))


def test_colour_stays_and_false_colour_becomes_grey(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "colour.png")
    Image.fromarray(np.stack([GREY] * 3, axis=-1)).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(decoded(tmp_path / "colour.png").pixels, RGB)
    np.testing.assert_array_equal(decoded(tmp_path / "grey.png").pixels, GREY)


def test_transparency_lies_on_black(tmp_path: Path) -> None:
    alpha = np.full_like(GREY, 255)
    alpha[:5] = 0
    Image.fromarray(np.dstack([GREY, alpha])).save(tmp_path / "film.png")
    expected = GREY.copy()
    expected[:5] = 0
    np.testing.assert_array_equal(decoded(tmp_path / "film.png").pixels, expected)


def test_palette(tmp_path: Path) -> None:
    Image.fromarray(RGB).quantize(16).save(tmp_path / "film.png")
    expected = np.array(Image.open(tmp_path / "film.png").convert("RGB"))
    np.testing.assert_array_equal(decoded(tmp_path / "film.png").pixels, expected)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg(tmp_path: Path, mode: str) -> None:
    smooth = np.array(Image.fromarray(RGB).resize((120, 80)).convert("RGB"))
    Image.fromarray(smooth).convert(mode).save(tmp_path / "film.jpg", quality=95)
    expected = smooth if mode != "L" else np.array(Image.fromarray(smooth).convert("L"))
    assert np.abs(decoded(tmp_path / "film.jpg").pixels.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("turned", range(1, 9))
def test_exif_orientation(tmp_path: Path, turned: int) -> None:
    exif = Image.Exif()
    exif[274] = turned
    Image.fromarray(GREY).save(tmp_path / "film.png", exif=exif)
    expected = {
        1: GREY, 2: GREY[:, ::-1], 3: GREY[::-1, ::-1], 4: GREY[::-1],
        5: GREY.T, 6: GREY.T[:, ::-1], 7: GREY.T[::-1, ::-1], 8: GREY.T[::-1],
    }[turned]  # fmt: skip
    image = decoded(tmp_path / "film.png")
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.full_size_px == expected.shape


def test_pages_of_a_tiff_are_frames(tmp_path: Path) -> None:
    first, second = Image.fromarray(DEEP), Image.fromarray(DEEP[::-1])
    first.save(tmp_path / "film.tif", save_all=True, append_images=[second])
    image = decoded(tmp_path / "film.tif", 1)
    np.testing.assert_array_equal(image.pixels, DEEP[::-1])
    assert image.frames == 2
    with pytest.raises(FilmError) as refusal:
        decoded(tmp_path / "film.tif", 2)
    assert refusal.value.code is Code.NO_SUCH_FRAME


@pytest.mark.parametrize("deep", [False, True])
def test_tiff_with_white_as_zero_shows_the_same_film(tmp_path: Path, deep: bool) -> None:
    pixels = DEEP if deep else GREY
    (tmp_path / "film.tif").write_bytes(_white_is_zero(pixels))
    image = decoded(tmp_path / "film.tif")
    shown = np.iinfo(pixels.dtype).max - image.pixels if image.inverted else image.pixels
    np.testing.assert_array_equal(shown, np.iinfo(pixels.dtype).max - pixels)


def _white_is_zero(pixels: np.ndarray) -> bytes:
    """A minimal TIFF 6.0 file with PhotometricInterpretation 0."""
    rows, columns = pixels.shape
    tags = [(256, columns), (257, rows), (258, pixels.dtype.itemsize * 8), (259, 1), (262, 0), (273, 8), (277, 1)]
    tags += [(278, rows), (279, pixels.nbytes)]
    data = pixels.tobytes()
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_32_bit_and_floating_tiff(tmp_path: Path) -> None:
    whole, floating = DEEP.astype("i4") * 1000, DEEP.astype("f4") / 7
    floating[2, 2] = np.nan
    Image.fromarray(whole).save(tmp_path / "whole.tif")
    Image.fromarray(floating).save(tmp_path / "floating.tif")
    np.testing.assert_array_equal(decoded(tmp_path / "whole.tif").pixels, whole)
    np.testing.assert_array_equal(decoded(tmp_path / "floating.tif").pixels, np.nan_to_num(floating))


class TestReduced:
    def test_a_jpeg_comes_at_the_smallest_size_that_is_large_enough(self, tmp_path: Path) -> None:
        Image.fromarray(film(800, 1200, bits=8)).save(tmp_path / "film.jpg")
        image = decode_reduced(ImageRef(tmp_path / "film.jpg"), (200, 200))
        assert image.pixels.shape == (200, 300)
        assert image.full_size_px == (800, 1200)

    def test_height_and_width_are_those_of_the_upright_film(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[274] = 6
        Image.fromarray(film(400, 1600, bits=8)).save(tmp_path / "film.jpg", exif=exif)
        image = decode_reduced(ImageRef(tmp_path / "film.jpg"), (800, 100))
        assert image.pixels.shape == (800, 200)
        assert image.full_size_px == (1600, 400)

    def test_everything_else_comes_at_full_size(self, tmp_path: Path) -> None:
        Image.fromarray(GREY).save(tmp_path / "film.png")
        assert decode_reduced(ImageRef(tmp_path / "film.png"), (5, 5)).pixels.shape == GREY.shape

    @pytest.mark.parametrize("comment", [b"", bytes(60_000)])
    def test_a_jpeg_of_several_pictures_comes_at_full_size(self, tmp_path: Path, comment: bytes) -> None:
        """As phones save them, with whatever else in front of the picture's size."""
        picture = Image.fromarray(film(800, 1200, bits=8))
        options: dict[str, Any] = {"comment": comment, "icc_profile": comment}
        picture.save(tmp_path / "film.jpg", "MPO", save_all=True, append_images=[picture], **options)
        assert decode_reduced(ImageRef(tmp_path / "film.jpg"), (200, 200)).pixels.shape == (800, 1200)


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
    np.testing.assert_array_equal(decoded(path).pixels, whole)
    path.write_bytes(data[: int(starts[6]) + 9])
    image = decoded(path)
    assert image.complete == 0.6
    np.testing.assert_array_equal(image.pixels[:120], whole[:120])
    assert not image.pixels[120:].any()


class TestRefused:
    def code(self, path: Path, limits: Limits | None = None) -> Code:
        with pytest.raises(FilmError) as refusal:
            decode(ImageRef(path), limits=limits or Limits())
        assert path.name not in refusal.value.message
        return refusal.value.code

    @pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
    def test_a_tiff_without_its_directory(self, tmp_path: Path, share: float) -> None:
        path = tmp_path / "film.tif"
        Image.fromarray(film(200, 300, bits=8)).save(path, compression="tiff_lzw")  # which stands behind the picture
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        assert self.code(path) is Code.TRUNCATED

    @pytest.mark.parametrize("suffix", ["png", "jpg"])
    def test_a_file_cut_short_before_its_first_row(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"film.{suffix}"
        Image.fromarray(film(200, 300, bits=8)).save(path)
        for kept in (60, 200, 400):
            path.write_bytes(path.read_bytes()[:kept])
            assert self.code(path) is Code.TRUNCATED

    def test_a_picture_of_endless_scans(self, tmp_path: Path) -> None:
        path = tmp_path / "film.jpg"
        Image.fromarray(film(200, 300, bits=8)).save(path, progressive=True)
        assert decode(ImageRef(path)).complete == 1.0
        data = path.read_bytes()
        last = data.rindex(b"\xff\xda")
        path.write_bytes(data[:last] + data[last:-2] * 90_000 + data[-2:])
        assert self.code(path) is Code.TOO_LARGE

    def test_scans_are_counted_without_reading_the_whole_file_at_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Piece by piece; a marker may lie across two of them."""
        path = tmp_path / "film.jpg"
        Image.fromarray(film(200, 300, bits=8)).save(path, progressive=True)
        scans = path.read_bytes().count(b"\xff\xda")
        for piece in (1, 3, 1000):
            monkeypatch.setattr(picture, "_PIECE_BYTES", piece)
            assert decode(ImageRef(path), limits=replace(Limits(), max_scan_pixels=scans * 60_000)).complete == 1.0
            assert self.code(path, replace(Limits(), max_scan_pixels=scans * 60_000 - 1)) is Code.TOO_LARGE

    def test_a_tiff_of_endless_pages(self, tmp_path: Path) -> None:
        path = tmp_path / "film.tif"
        page = Image.fromarray(film(20, 30, bits=8))
        page.save(path, save_all=True, append_images=[page] * 9)
        assert decode(ImageRef(path), limits=replace(Limits(), max_frames=10)).frames == 10
        assert self.code(path, replace(Limits(), max_frames=9)) is Code.TOO_LARGE

    def test_a_damaged_file(self, tmp_path: Path) -> None:
        path = tmp_path / "film.png"
        Image.fromarray(film(200, 300, bits=8)).save(path)
        data = bytearray(path.read_bytes())
        data[200:260] = bytes(60)
        path.write_bytes(data)
        assert self.code(path) is Code.CORRUPT

    def test_one_pixel(self, tmp_path: Path) -> None:
        Image.new("L", (1, 1)).save(tmp_path / "film.png")
        assert self.code(tmp_path / "film.png") is Code.TOO_SMALL

    def test_a_size_that_is_only_claimed(self, tmp_path: Path) -> None:
        path = tmp_path / "film.png"
        path.write_bytes(_png_claiming(60_000, 60_000))
        assert self.code(path) is Code.TOO_LARGE


def _png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_12000_by_12000_opens(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    Image.new("L", (12_000, 12_000), 77).save(path, compress_level=1)
    image = decoded(path)
    assert image.pixels.shape == (12_000, 12_000)
    assert image.pixels[-1, -1] == 77


class TestInTheChild:
    """A picture that hangs its decoder, ends it or makes it ask for too much memory costs one film."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        Image.fromarray(film(1200, 1000, bits=16)).save(tmp_path / "film.png")
        return tmp_path / "film.png"

    @pytest.fixture
    def child_pid(self, path: Path) -> Iterator[int]:
        POOL.close()
        decode(ImageRef(path))
        (child,) = (each for each in multiprocessing.active_children() if each.name == "decoder")
        assert child.pid is not None
        os.kill(child.pid, signal.SIGSTOP)
        yield child.pid
        POOL.close()

    @pytest.mark.skipif(sys.platform == "win32", reason="processes can't be stopped there")
    @pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
    def test_one_that_hangs(self, tmp_path: Path, suffix: str, child_pid: int) -> None:
        Image.fromarray(GREY).save(tmp_path / f"hangs.{suffix}")
        with pytest.raises(FilmError) as refusal:
            decode(ImageRef(tmp_path / f"hangs.{suffix}"), limits=replace(Limits(), timeout_s=0.2))
        assert refusal.value.code is Code.TIMEOUT
        np.testing.assert_array_equal(decoded(tmp_path / "film.png").pixels, film(1200, 1000, bits=16))

    @pytest.mark.skipif(sys.platform == "win32", reason="processes can't be stopped there")
    def test_one_that_ends_the_decoder(self, path: Path, child_pid: int) -> None:
        with ThreadPoolExecutor(1) as thread:
            decoding = thread.submit(decode, ImageRef(path))
            while not (POOL._busy or decoding.done()):
                time.sleep(0.01)
            time.sleep(0.1)  # it has the picture by now
            os.kill(child_pid, signal.SIGKILL)
            with pytest.raises(FilmError) as refusal:
                decoding.result(10)
        assert refusal.value.code is Code.DECODER_DIED
        np.testing.assert_array_equal(decoded(path).pixels, film(1200, 1000, bits=16))

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
    def test_one_that_wants_more_memory_than_it_may_have(self, tmp_path: Path) -> None:
        Image.new("I", (2000, 2000), 7).save(tmp_path / "film.tif", compression="tiff_lzw")
        with pytest.raises(FilmError) as refusal:
            decode(ImageRef(tmp_path / "film.tif"), limits=replace(Limits(), memory_bytes=20 << 20))
        assert refusal.value.code is Code.TOO_LARGE
        assert (decoded(tmp_path / "film.tif").pixels == 7).all()


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


def test_what_pictures_say_of_their_size_is_what_pillow_finds(tmp_path: Path) -> None:
    """Without opening them; what is not sure is left to Pillow."""
    coloured = Image.fromarray(RGB)
    pictures: dict[str, tuple[Any, dict[str, Any]]] = {
        "grey.png": (GREY, {}), "deep.png": (DEEP, {}), "bits.png": (GREY > 9, {}), "colour.png": (RGB, {}),
        "palette.png": (coloured.quantize(16), {}), "alpha.png": (np.dstack([RGB, GREY]), {}),
        "grey alpha.png": (np.dstack([GREY, GREY]), {}), "grey.jpg": (GREY, {}), "colour.jpg": (RGB, {}),
        "four.jpg": (coloured.convert("CMYK"), {}), "progressive.jpg": (RGB, {"progressive": True}),
    }  # fmt: skip
    for name, (made, options) in pictures.items():
        path = tmp_path / name
        (made if isinstance(made, Image.Image) else Image.fromarray(made)).save(path, **options)
        size = read_size(path.read_bytes())
        with Image.open(path) as opened:
            assert size is not None
            assert (size.width, size.height, size.channels) == (*opened.size, len(opened.getbands())), name
        pixels = decoded(path).pixels
        assert size.height * size.width * size.pixel_bytes in (pixels.nbytes, 3 * pixels.nbytes), name
    Image.fromarray(GREY).save(tmp_path / "film.tif")
    assert read_size((tmp_path / "film.tif").read_bytes()) is None
    assert read_size((tmp_path / "deep.png").read_bytes()[:20]) is None


@pytest.mark.parametrize("wanted", [(1, 1), (30, 50), (50, 30), (100, 100), (240, 3)])
@pytest.mark.parametrize("turned", [1, 6])
def test_a_reduced_picture_is_never_larger_than_was_reckoned(
    tmp_path: Path, wanted: tuple[int, int], turned: int
) -> None:
    exif = Image.Exif()
    exif[274] = turned
    path = tmp_path / "film.jpg"
    Image.fromarray(film(237, 401, bits=8)).save(path, exif=exif)
    size = read_size(path.read_bytes())
    assert size is not None
    claimed = reduced(size, wanted)
    assert decode_reduced(ImageRef(path), wanted).pixels.size <= claimed.height * claimed.width
