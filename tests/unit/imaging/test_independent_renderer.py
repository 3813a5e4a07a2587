"""`main.py render` against dcmtk's dcmj2pnm, every frame of the shared DICOM files that dcmtk can decode.

dcmtk cuts levels off where we round to the nearest, so that one level between the two is as close as can be.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info

from imaging import render_command
from imaging.image import DecodedImage, Window
from imaging.read.decode import decode
from imaging.show.window import default_voi
from imaging.study import ImageRef

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "dicom"
TOLERANCE = 1
JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
# Without a second opinion here, by transfer syntax: JPEG 2000, High-Throughput JPEG 2000, and the deflated files, of
# which Debian's dcmtk reads no pixel data.
BEYOND_DCMTK = (
    *(f"1.2.840.10008.1.2.4.{last}" for last in ("90", "91", "92", "93", "201", "202", "203")),
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.8.1",
)
# And by file: a fragmented JPEG of 12 bits, colours of 32 bits, JPEG-LS of 7 bits, one bit in RLE, float pixels.
BEYOND_DCMTK_FILES = (
    "CT0012.fragmented_no_bot_jpeg_baseline.51.dcm",
    "SC_rgb_32bit.dcm",
    "SC_rgb_32bit_2frame.dcm",
    "SC_rgb_expb_32bit.dcm",
    "SC_rgb_expb_32bit_2frame.dcm",
    "JLSL_08_07_0_1F.dcm",
    "liver_nonbyte_aligned_rle.dcm",
    "liver_rle.dcm",
    "parametric_map_double_float.dcm",
    "parametric_map_float.dcm",
)
DARK, HALF = -1, -2
# Where the two differ by more than a level, and why ours is what is meant.
DIFFERENCES: dict[str, int] = {
    # 32 bits of which few are used: dcmtk spreads the whole range of the type over the display and shows black; we
    # show the values that occur.
    "rtdose": DARK,
    # One bit: dcmtk shows ones at half brightness, we show them white.
    "liver": HALF,
    # dcmtk converts YBR by a table of rounded terms; ours is the formula of PS3.3 C.7.6.3.1.2, rounded once.
    "SC_ybr_full_uncompressed": 2,
    # Called RGB, and in truth YBR (its bars come out as saturated primaries only then): dcmtk shows it as it is called.
    "SC_rgb_jpeg_lossy_gdcm": 255,
    # Its window has the value representation UN, as writers do who do not know the tags; dcmtk finds none then.
    "CTImage.dcm_JPEGLSLossy": 255,
}

pytestmark = [
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared DICOM files are not here"),
    pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="dcmj2pnm (Debian's dcmtk) is not installed"),
]


def within_dcmtk() -> list[str]:
    """The files that dcmtk can decode, below the folder."""
    found = sorted(path for path in FOLDER.rglob("*") if path.is_file() and path.name not in BEYOND_DCMTK_FILES)
    return [path.relative_to(FOLDER).as_posix() for path in found if transfer_syntax(path) not in BEYOND_DCMTK]


def transfer_syntax(path: Path) -> str:
    """As the file says; empty where it says nothing."""
    meta = read_file_meta_info(path) if path.read_bytes()[128:132] == b"DICM" else Dataset()
    return str(meta.get("TransferSyntaxUID", ""))


def readable_by_dcmtk(path: Path, image: DecodedImage, folder: Path) -> Path:
    """The file itself, or what dcmdjpls makes of JPEG-LS."""
    if image.header.transfer_syntax not in JPEG_LS:
        return path
    plain = folder / "plain.dcm"
    subprocess.run(["dcmdjpls", path, plain], check=False, capture_output=True)
    return plain


def by_dcmtk(path: Path, frame: int, options: list[str], out: Path) -> npt.NDArray[np.int16] | None:
    """The frame as dcmj2pnm shows it, without overlays; None where it cannot."""
    out.unlink(missing_ok=True)
    command = ["dcmj2pnm", "-O", "+op", "+F", str(frame + 1), *options, str(path), str(out)]
    subprocess.run(command, check=False, capture_output=True)
    if not out.exists():
        return None
    with Image.open(out) as shown:
        return np.asarray(shown, dtype=np.int16)


def by_us(path: Path, frame: int, voi: str, out: Path) -> npt.NDArray[np.int16]:
    parser = argparse.ArgumentParser()
    render_command.add_arguments(parser)
    arguments = [str(path), "--out", str(out), "--frame", str(frame), "--voi", voi]
    complaint = io.StringIO()
    assert render_command.run(parser.parse_args(arguments), io.StringIO(), complaint) == 0, complaint.getvalue()
    with Image.open(out) as shown:
        return np.asarray(shown, dtype=np.int16)


def padded(image: DecodedImage) -> npt.NDArray[np.bool_]:
    """What is no part of the picture, [H, W]: black for us, the lowest level or a grey one for dcmtk."""
    first, last = image.padding or (np.inf, -np.inf)
    return np.asarray((image.pixels >= first) & (image.pixels <= last))


def options(image: DecodedImage) -> tuple[str, list[str]]:
    """`--voi` of ours, and what says the same to dcmj2pnm: the file's first LUT or window, else the full range."""
    if image.is_colour:
        return "auto", []
    voi = default_voi(image)
    if not image.voi or voi.explanation == "as stored":
        return "none", ["-W"]
    if not isinstance(voi, Window):
        return "auto", ["+Wl", "1"]
    return "auto", ["+Wi", "1", *(["+Wfs"] if voi.function == "SIGMOID" else [])]


@pytest.mark.parametrize("name", within_dcmtk())
def test_every_frame_shows_as_in_dcmtk(name: str, tmp_path: Path) -> None:
    path = FOLDER / name
    image = decode(ImageRef(path))
    theirs_from = readable_by_dcmtk(path, image, tmp_path)
    known = next((limit for start, limit in DIFFERENCES.items() if Path(name).name.startswith(start)), TOLERANCE)
    for frame in range(image.frames):
        image = decode(ImageRef(path, frame))
        voi, dcmtk_options = options(image)
        theirs = by_dcmtk(theirs_from, frame, dcmtk_options, tmp_path / "theirs.ppm")
        assert theirs is not None, "dcmtk cannot decode this file"
        ours = by_us(path, frame, voi, tmp_path / "ours.png")
        assert ours.shape == theirs.shape
        if known == DARK:
            assert theirs.max() == 0
            assert (ours.min(), ours.max()) == (0, 255)
        elif known == HALF:
            assert np.array_equal(ours, np.where(theirs == 128, 255, 0))
        else:
            padding = padded(image)
            assert np.abs(ours - theirs)[~padding].max() <= known
            assert not ours[padding].any()
