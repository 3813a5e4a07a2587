"""Files that lie, end early or try to eat the machine: each is refused with the right code, and soon."""

from __future__ import annotations

import errno
import itertools
import re
import subprocess
import sys
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.uid import UID

from imaging.errors import Code, FilmError
from imaging.progress import CancelToken
from imaging.read import codecs
from imaging.read.codestream import padded_to_its_end
from imaging.read.dataset import open_dicom
from imaging.read.decode import decode
from imaging.read.limits import DEFAULT_LIMITS, MIB, Limits
from imaging.read.look import Refused
from imaging.read.raster import read_raster
from imaging.read.scan import scan
from imaging.study import ImageRef
from tests import dicom_files as make

ROOT = Path(__file__).resolve().parents[4]


def refused(path: Path, frame: int = 0, limits: Limits = DEFAULT_LIMITS) -> FilmError:
    started = time.monotonic()
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(path, frame), limits=limits)
    assert time.monotonic() - started < 30.0
    error = refusal.value
    assert error.message.endswith(".")
    assert not re.search(r"Test|TEST-01|/", error.message + error.detail)
    return error


class TestClaims:
    """Headers that claim more than there is."""

    @pytest.mark.parametrize("syntax", [make.EXPLICIT, make.RLE, make.JPEG_2000, make.JPEG_LS, make.DEFLATED])
    def test_impossible_size(self, tmp_path: Path, syntax: str) -> None:
        made = make.dataset(make.film(), transfer_syntax=syntax, Rows=60_000, Columns=60_000)
        assert refused(make.write_dataset(tmp_path / "film", made)).code is Code.TOO_LARGE

    @pytest.mark.parametrize("syntax", [make.JPEG_BASELINE, make.JPEG_LS, make.JPEG_2000])
    def test_a_codestream_of_another_size(self, tmp_path: Path, syntax: str) -> None:
        made = make.dataset(make.film(bits=8), transfer_syntax=syntax, Rows=48)
        error = refused(make.write_dataset(tmp_path / "film", made))
        assert error.code is Code.CORRUPT
        assert "contradicts" in error.message

    @pytest.mark.parametrize("syntax", [make.JPEG_LS, make.JPEG_2000, make.JPEG_LOSSLESS, make.JPEG_XL])
    def test_a_codestream_deeper_than_its_pixels(self, tmp_path: Path, syntax: str) -> None:
        made = make.dataset(make.film(bits=16), transfer_syntax=syntax, BitsAllocated=8, BitsStored=8, HighBit=7)
        assert refused(make.write_dataset(tmp_path / "film", made)).code is Code.CORRUPT

    @pytest.mark.parametrize("keyword", ["Rows", "Columns"])
    @pytest.mark.parametrize("value", [None, 0])
    def test_no_size(self, tmp_path: Path, keyword: str, value: int | None) -> None:
        elements: dict[str, Any] = {keyword: value}
        made = make.dataset(make.film(), **elements)
        assert refused(make.write_dataset(tmp_path / "film", made)).code is Code.CORRUPT

    def test_one_pixel(self, tmp_path: Path) -> None:
        assert refused(make.write_dicom(tmp_path / "film", np.zeros((1, 1), "u2"))).code is Code.TOO_SMALL

    @pytest.mark.parametrize(("frame", "frames"), [(1, 1), (-1, 1), (5, 3)])
    def test_no_such_frame(self, tmp_path: Path, frame: int, frames: int) -> None:
        made = make.dataset(make.film(), NumberOfFrames=frames)
        assert refused(make.write_dataset(tmp_path / "film", made), frame).code is Code.NO_SUCH_FRAME

    def test_more_frames_than_any_study_has(self, tmp_path: Path) -> None:
        path = make.write_dataset(tmp_path / "film", make.dataset(make.film(), NumberOfFrames=2_000_000_000))
        error = refused(path)
        assert (error.code, "2,000,000,000 frames" in error.message) == (Code.TOO_LARGE, True)
        (listed,) = scan([path], CancelToken())
        assert isinstance(listed, Refused)
        assert listed.error.code is Code.TOO_LARGE

    @pytest.mark.parametrize("syntax", [make.EXPLICIT, make.RLE, make.JPEG_LOSSLESS])
    def test_a_frame_that_is_claimed_and_not_there(self, tmp_path: Path, syntax: str) -> None:
        made = make.dataset(make.film(), transfer_syntax=syntax, NumberOfFrames=3)
        assert refused(make.write_dataset(tmp_path / "film", made), 2).code in (Code.TRUNCATED, Code.CORRUPT)

    @pytest.mark.parametrize(("keyword", "value"), [("BitsAllocated", 40), ("SamplesPerPixel", 4)])
    def test_unknown_layouts(self, tmp_path: Path, keyword: str, value: int) -> None:
        elements: dict[str, Any] = {keyword: value}
        made = make.dataset(make.film(), **elements)
        assert refused(make.write_dataset(tmp_path / "film", made)).code is Code.UNSUPPORTED

    @pytest.mark.parametrize("shape", [(10, 11), (11, 11), (12, 7)])
    def test_pairs_of_pixels_in_rows_of_odd_length(self, tmp_path: Path, shape: tuple[int, int]) -> None:
        rows, columns = shape
        pixels = np.zeros((rows, columns, 3), np.uint8)
        made = make.dataset(pixels, photometric="YBR_FULL_422", PixelData=bytes(rows * columns * 2))
        assert refused(make.write_dataset(tmp_path / "film", made)).code is Code.CORRUPT

    def test_video(self, tmp_path: Path) -> None:
        made = make.dataset(make.film(), transfer_syntax=make.JPEG_LS)
        made.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.102")
        error = refused(make.write_dataset(tmp_path / "film", made))
        assert (error.code, "a video" in error.message) == (Code.UNSUPPORTED, True)


class TestCut:
    """Files that end early."""

    def test_the_rows_that_are_there_are_shown(self, tmp_path: Path) -> None:
        pixels = make.film(40, 32, bits=12) + np.uint16(7)
        path = make.write_dicom(tmp_path / "film", pixels, bits_stored=13)
        path.write_bytes(path.read_bytes()[: -30 * 32 * 2])
        image = decode(ImageRef(path))
        assert image.complete == pytest.approx(0.25)
        np.testing.assert_array_equal(image.pixels[:10], pixels[:10])
        assert (image.pixels[10:] == pixels[:10].min()).all()

    def test_what_is_missing_shows_black_on_monochrome1_too(self, tmp_path: Path) -> None:
        pixels = make.film(40, 32, bits=12)
        path = make.write_dicom(tmp_path / "film", pixels, bits_stored=12, photometric="MONOCHROME1")
        path.write_bytes(path.read_bytes()[: -30 * 32 * 2])
        assert (decode(ImageRef(path)).pixels[10:] == pixels[:10].max()).all()

    def test_less_than_a_row(self, tmp_path: Path) -> None:
        path = make.write_dicom(tmp_path / "film", make.film())
        path.write_bytes(path.read_bytes()[: -24 * 32 * 2 + 10])
        assert refused(path).code is Code.TRUNCATED

    @pytest.mark.parametrize(
        ("syntax", "bits"),
        [
            (make.JPEG_BASELINE, 8),
            *itertools.product((make.RLE, make.DEFLATED_FRAMES, make.JPEG_LOSSLESS, make.JPEG_LS), (8, 16)),
        ],
    )
    @pytest.mark.parametrize("share", [0.1, 0.7, 0.97])
    def test_compressed_rows_that_are_there_are_shown(
        self, tmp_path: Path, syntax: str, share: float, bits: int
    ) -> None:
        path = make.write_dicom(tmp_path / "film", make.film(200, 200, bits=bits), transfer_syntax=syntax)
        whole = decode(ImageRef(path)).pixels
        self.cut(path, share)
        if (syntax, bits, share) == (make.RLE, 16, 0.1):  # the upper bytes come first: not one pixel is whole
            assert " 0 % of the image" in refused(path).message
            return
        image = decode(ImageRef(path))
        lossy = 9 if syntax == make.JPEG_BASELINE else 1  # the lowest blocks are there in part
        rows = int(image.complete * 200) - lossy
        np.testing.assert_array_equal(image.pixels[:rows], whole[:rows])
        expected = (share - 0.5) * 2 if (syntax, bits) == (make.RLE, 16) else share
        assert image.complete == pytest.approx(expected, abs=0.1)
        assert (image.pixels[rows + 12 :] == image.pixels.min()).all()

    @pytest.mark.parametrize("syntax", [make.JPEG_2000, make.HTJ2K])
    @pytest.mark.parametrize("share", [0.4, 0.97])
    def test_a_cut_jpeg_2000_is_less_sharp(self, tmp_path: Path, share: float, syntax: str) -> None:
        smooth = np.add.outer(np.arange(200), np.arange(200)).astype("u2")
        path = make.write_dicom(tmp_path / "film", smooth * 9, bits_stored=12, transfer_syntax=syntax)
        self.cut(path, share)
        image = decode(ImageRef(path))
        assert image.complete == pytest.approx(share, abs=0.05)
        assert np.abs(image.pixels - smooth * 9.0).mean() < 0.1 * 4096

    @pytest.mark.parametrize("bits", [8, 12, 16])
    @pytest.mark.parametrize(("share", "rows"), [(0.6, 256), (0.97, 512)])
    def test_whole_rows_of_groups_of_a_cut_jpeg_xl_are_shown(
        self, tmp_path: Path, share: float, rows: int, bits: int
    ) -> None:
        pixels = make.film(600, 500, bits=bits)
        path = make.write_dicom(tmp_path / "film", pixels, bits_stored=bits, transfer_syntax=make.JPEG_XL)
        self.cut(path, share)
        image = decode(ImageRef(path))
        assert image.complete == pytest.approx(rows / 600)
        np.testing.assert_array_equal(image.pixels[:rows], pixels[:rows])
        assert (image.pixels[rows:] == pixels[:rows].min()).all()

    def test_what_openjph_loses_on_the_way_is_no_picture(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without resilience OpenJPH raises where imagecodecs hears nothing, and gives an empty picture."""
        pixels = make.film(200, 200, bits=12)
        whole = make._compressed(pixels, make.HTJ2K, make.dataset(pixels, bits_stored=12))
        cut = memoryview(padded_to_its_end(whole[: len(whole) // 2]))
        assert codecs._as_far_as_it_goes(cut).shape == (200, 200)
        honest = imagecodecs.htj2k_decode
        monkeypatch.setattr(imagecodecs, "htj2k_decode", lambda data, resilient: honest(data))
        with pytest.raises(ValueError, match="OpenJPH"):
            codecs._as_far_as_it_goes(cut)

    def test_what_cannot_be_shown_in_part_says_how_much_is_there(self, tmp_path: Path) -> None:
        path = make.write_dicom(tmp_path / "film", make.film(200, 200, bits=12), transfer_syntax=make.JPEG_XL)
        self.cut(path, 0.61)
        error = refused(path)
        assert (error.code, "60 % of the image is there" in error.message) == (Code.TRUNCATED, True)

    def test_missing_colours_show_black(self, tmp_path: Path) -> None:
        ybr = np.full((40, 32, 3), 140, "u1")
        path = make.write_dicom(tmp_path / "film", ybr, photometric="YBR_FULL")
        path.write_bytes(path.read_bytes()[: -30 * 32 * 3])
        assert not decode(ImageRef(path)).pixels[10:].any()

    def cut(self, path: Path, share: float) -> None:
        data = path.read_bytes()
        start = data.index(b"\xe0\x7f\x10\x00")
        path.write_bytes(data[: start + int((len(data) - start) * share)])

    @pytest.mark.parametrize("kept", [10, 130, 140, 200, 300, 500, 700])
    def test_in_the_header(self, tmp_path: Path, kept: int) -> None:
        path = make.write_dicom(tmp_path / "film", make.film())
        path.write_bytes(path.read_bytes()[:kept])
        assert refused(path).code in (Code.TRUNCATED, Code.CORRUPT, Code.NO_PIXELS, Code.NOT_A_FILM)

    def test_an_element_longer_than_the_file(self, tmp_path: Path) -> None:
        path = make.write_dicom(tmp_path / "film", make.film(), StudyDescription="ABCDEFGH")
        data = path.read_bytes()
        at = data.index(b"ABCDEFGH") - 2
        path.write_bytes(data[:at] + b"\xfe\xff" + data[at + 2 :])
        assert refused(path).code in (Code.TRUNCATED, Code.CORRUPT, Code.NO_PIXELS)


class TestBombs:
    """Small files that would become large."""

    def test_deflated_file(self, tmp_path: Path) -> None:
        path = make.write_dicom(tmp_path / "film", make.film(), transfer_syntax=make.DEFLATED)
        data = path.read_bytes()
        start = 144 + int.from_bytes(data[140:144], "little")
        deflater = zlib.compressobj(wbits=-15)
        bomb = b"".join(deflater.compress(bytes(MIB)) for _ in range(64)) + deflater.flush()
        path.write_bytes(data[:start] + bomb)
        small = replace(DEFAULT_LIMITS, max_inflated_bytes=8 * MIB)
        assert refused(path, limits=small).code is Code.TOO_LARGE

    def test_deflated_frame_ends_at_the_size_of_the_frame(self, tmp_path: Path) -> None:
        deflater = zlib.compressobj(wbits=-15)
        bomb = deflater.compress(bytes(64 * MIB)) + deflater.flush()
        made = make.dataset(make.film(), transfer_syntax=make.DEFLATED_FRAMES)
        from pydicom.encaps import encapsulate

        made.PixelData = encapsulate([bomb])
        image = decode(ImageRef(make.write_dataset(tmp_path / "film", made)))
        assert not image.pixels.any()

    def test_rle_that_goes_on_behind_its_plane(self, tmp_path: Path) -> None:
        """20 KB that would become 1.2 MB; what is due is decoded, and no more."""
        from pydicom.encaps import encapsulate

        made = make.dataset(make.film(bits=8), transfer_syntax=make.RLE)
        header = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56)
        made.PixelData = encapsulate([header + b"\x81\x07" * 10_000])
        assert (decode(ImageRef(make.write_dataset(tmp_path / "film", made))).pixels == 7).all()

    @pytest.mark.parametrize("depth", [50, 20_000])
    def test_nested_sequences(self, tmp_path: Path, depth: int) -> None:
        opened = b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
        closed = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
        path = make.write_dicom(tmp_path / "film", make.film())
        data = path.read_bytes()
        at = data.index(b"\xe0\x7f\x10\x00")
        path.write_bytes(data[:at] + opened * depth + closed * depth + data[at:])
        if depth == 50:
            assert decode(ImageRef(path)).pixels.shape == (24, 32)
        else:
            assert refused(path).code is Code.CORRUPT


class TestDisks:
    """A disk or network drive that fails is not a damaged file."""

    # The kernel's own file that opens and fails to be read, with EIO.
    FAILING = Path("/proc/self/mem")

    @pytest.mark.skipif(not FAILING.exists(), reason="only Linux has such a file")
    def test_while_a_data_set_is_read(self) -> None:
        with pytest.raises(FilmError) as refusal, open_dicom(self.FAILING, DEFAULT_LIMITS):
            pass
        assert refusal.value.code is Code.UNREADABLE

    @pytest.mark.skipif(not FAILING.exists(), reason="only Linux has such a file")
    def test_while_a_picture_is_read(self) -> None:
        with pytest.raises(FilmError) as refusal:
            read_raster(ImageRef(self.FAILING), DEFAULT_LIMITS)
        assert refusal.value.code is Code.UNREADABLE

    def test_while_the_pixels_are_read(self, tmp_path: Path) -> None:
        path = make.write_dicom(tmp_path / "film", make.film())
        with pytest.raises(FilmError) as refusal, open_dicom(path, DEFAULT_LIMITS) as film:
            raise OSError(errno.EIO, "the drive is gone", film.stream.name)
        assert refusal.value.code is Code.UNREADABLE
        assert str(path) not in refusal.value.message + refusal.value.detail


SHORT_OF_MEMORY = """
import resource, sys
from pathlib import Path
from imaging.errors import FilmError
from imaging.read import dicom, raster
from imaging.read.decode import decode
from imaging.study import ImageRef
decode(ImageRef(Path(sys.argv[1])))
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (40 << 20),) * 2)
try:
    decode(ImageRef(Path(sys.argv[2])))
except FilmError as error:
    print(error.code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
@pytest.mark.parametrize("kind", ["dicom", "png"])
def test_a_machine_without_memory_refuses_the_film(tmp_path: Path, kind: str) -> None:
    for name, side in (("small", 20), ("large", 6000)):
        pixels = np.zeros((side, side), np.uint16)
        if kind == "dicom":
            make.write_dicom(tmp_path / name, pixels)
        else:
            Image.fromarray(pixels).save(tmp_path / name, "PNG", compress_level=1)
    command = [sys.executable, "-c", SHORT_OF_MEMORY, str(tmp_path / "small"), str(tmp_path / "large")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("too_large\n", "")


@pytest.mark.parametrize("way", ["scan", "decode"])
def test_a_refusal_is_in_the_log_without_path_and_patient(
    tmp_path: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = make.write_dicom(tmp_path / "Film^Test.dcm", make.film(), PixelData=None)
    with caplog.at_level("INFO"):
        if way == "scan":
            assert isinstance(next(iter(scan([path], CancelToken()))), Refused)
        else:
            refused(path)
    said = caplog.text
    assert "truncated: The file ends early: 0 % of the image is there" in said
    assert not re.search(r"Test|TEST-01|Film\^", said)
