"""The public DICOM files of ../shared/data: every one decodes or is refused, and lossless twins are equal."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pydicom
import pytest

from imaging.errors import Code, FilmError
from imaging.image import DecodedImage, ModalityLut, VoiLut
from imaging.read.decode import decode
from imaging.study import ImageRef

DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "dicom"
FILES = sorted(path for path in DATA.rglob("*") if path.is_file()) if DATA.is_dir() else []
pytestmark = pytest.mark.skipif(not FILES, reason="../shared/data/dicom is not here")


def image(name: str, frame: int = 0) -> DecodedImage:
    return decode(ImageRef(next(path for path in FILES if path.name == name), frame))


def test_every_file_decodes_or_is_refused_with_a_reason() -> None:
    refused = {}
    for path in FILES:
        try:
            decoded = decode(ImageRef(path))
        except FilmError as error:
            refused[path.name] = error.code
        else:
            assert decoded.pixels.size
            assert decoded.complete == 1.0
    assert refused == {}


CT = "CTImage.dcm"
# JPEG baseline, extended and progressive, JPEG 2000 with loss: not the same values, and not meant to be.
LOSSY = ("Lossy", "2000Transfer", "Process1T", "Process2_4", "Process6_8", "Process10_12")
CT_TWINS = [path.name for path in FILES if path.name.startswith(CT) and not any(word in path.name for word in LOSSY)]


@pytest.mark.parametrize("name", CT_TWINS)
def test_the_ct_slice_is_the_same_in_every_lossless_syntax(name: str) -> None:
    np.testing.assert_array_equal(image(name).pixels, image(CT).pixels)


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("966.dcm", "966_fixed.dcm"),
        ("693_J2KR.dcm", "693_UNCR.dcm"),
        ("693_J2KI.dcm", "693_UNCI.dcm"),
        ("MR_small_RLE.dcm", "MR_small.dcm"),
        ("MR_small_jp2klossless.dcm", "MR_small.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"),
        ("OBXXXX1A_rle.dcm", "OBXXXX1A.dcm"),
        ("OBXXXX1A_expb.dcm", "OBXXXX1A.dcm"),
        ("RG2_JPLL.dcm", "RG2_JLSL.dcm"),
        ("RG2_JPLY.dcm", "RG2_JPLY_fixed.dcm"),
        ("rtdose_rle.dcm", "rtdose.dcm"),
        ("JPEG2000.dcm", "JPEG2000_UNC.dcm"),
        ("color-pl.dcm", "color-px.dcm"),
        ("SC_rgb_rle_16bit.dcm", "SC_rgb.dcm"),
        ("SC_rgb_rle_32bit.dcm", "SC_rgb.dcm"),
        ("SC_rgb_jpeg_gdcm.dcm", "SC_rgb.dcm"),
        ("SC_rgb_gdcm_KY.dcm", "SC_rgb.dcm"),
        ("liver_deflate.dcm", "liver.dcm"),
        ("liver_j2k.dcm", "liver.dcm"),
        ("liver_rle.dcm", "liver.dcm"),
        ("liver_expb.dcm", "liver.dcm"),
    ],
)
def test_twins(name: str, twin: str) -> None:
    np.testing.assert_array_equal(image(name).pixels, image(twin).pixels)


@pytest.mark.parametrize("suffix", ["+eb+cr", "+eb+cy+n2", "+eb+cy+s2", "+eb+cy+s4"])
def test_colours_survive_lossy_jpeg(suffix: str) -> None:
    difference = image(f"SC_rgb_dcmtk_{suffix}.dcm").pixels.astype(int) - image("SC_rgb.dcm").pixels
    assert np.abs(difference).max() <= 6


def test_chrominance_that_the_header_calls_rgb() -> None:
    """Its components are sampled 2x2, 1x1, 1x1: whatever the header says, this is YCbCr."""
    difference = image("SC_rgb_jpeg_lossy_gdcm.dcm").pixels.astype(int) - image("SC_rgb.dcm").pixels
    assert np.abs(difference).mean() < 3


@pytest.mark.parametrize("frame", range(10))
@pytest.mark.parametrize(
    "kind", ["RLE", "big_endian", "jpeg_2k_lossless", "jpeg_ls_lossless", "jpeg_2k_lossless_too_short"]
)
def test_frames_of_the_mr(kind: str, frame: int) -> None:
    np.testing.assert_array_equal(image(f"emri_small_{kind}.dcm", frame).pixels, image("emri_small.dcm", frame).pixels)


def test_luts() -> None:
    modality, (voi, *_) = image("mlut_18.dcm").modality, image("vlut_04.dcm").voi
    assert isinstance(modality, ModalityLut)
    assert isinstance(voi, VoiLut)
    assert modality.values.size == 4096
    assert voi.values.size == 256


def test_the_chest_films() -> None:
    film = image("966_fixed.dcm")
    assert (film.inverted, film.bits, film.pixels.shape) == (True, 12, (2128, 2000))
    assert image("RG1_JLSN.dcm").inverted
    assert image("RG1_JLSN.dcm").header.lossy == "Lossy 2:1"


# dcmtk believes the header of this one, which is wrong: see the test of its chrominance.
FALSE_HEADER = "SC_rgb_jpeg_lossy_gdcm.dcm"
DCMTK = {
    "4.50": "dcmdjpeg", "4.51": "dcmdjpeg", "4.53": "dcmdjpeg", "4.55": "dcmdjpeg", "4.57": "dcmdjpeg",
    "4.70": "dcmdjpeg", "4.80": "dcmdjpls", "4.81": "dcmdjpls", "5": "dcmdrle",
}  # fmt: skip


def _dcmtk_tool(path: Path) -> str | None:
    meta = getattr(pydicom.dcmread(path, stop_before_pixels=True, force=True), "file_meta", {})
    return DCMTK.get(str(meta.get("TransferSyntaxUID", "")).removeprefix("1.2.840.10008.1.2."))


def _by_dcmtk(path: Path, folder: Path) -> Path | None:
    """The file as dcmtk decompresses it; None where it does not."""
    tool = _dcmtk_tool(path)
    if tool is None or path.name == FALSE_HEADER:
        return None
    target = folder / f"{FILES.index(path)}.dcm"
    done = subprocess.run([tool, path, target], capture_output=True, check=False)
    return target if done.returncode == 0 else None


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.skipif(shutil.which("dcmdjpeg") is None, reason="dcmtk is not installed")
def test_dcmtk_decodes_the_same_pixels(tmp_path: Path) -> None:
    compared, different = 0, {}
    with ThreadPoolExecutor() as pool:
        decompressed = list(pool.map(lambda path: _by_dcmtk(path, tmp_path), FILES))
    for path, raw in zip(FILES, decompressed, strict=True):
        if raw is None:
            continue
        ours, theirs = decode(ImageRef(path)), decode(ImageRef(raw))
        compared += 1
        difference = np.abs(ours.pixels.astype(np.int64) - theirs.pixels)
        most = 3 if ours.is_colour and ours.header.lossy else 0
        if int(difference.max()) > most:
            different[path.name] = int(difference.max())
    assert compared > 30
    assert different == {}


def test_a_frame_that_is_not_there() -> None:
    with pytest.raises(FilmError) as refusal:
        image("emri_small.dcm", 10)
    assert refusal.value.code is Code.NO_SUCH_FRAME
