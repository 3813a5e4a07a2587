"""Films as dcmtk shows them: an independent renderer beside ours, for tests and for the table of both.

dcmtk cuts levels off where we round to the nearest, so that one level between the two is as close as can be.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info

from imaging.image import DecodedImage, Voi, Window
from imaging.show.table import to_modality
from imaging.show.window import default_voi, full_range

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "dicom"
TOLERANCE = 1
Levels = npt.NDArray[np.int16]
Way = Callable[[DecodedImage], tuple[Voi, list[str]]]
JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
# Without a second opinion here, by transfer syntax: JPEG 2000, High-Throughput JPEG 2000, and the deflated files, of
# which Debian's dcmtk reads no pixel data.
BEYOND = (
    *(f"1.2.840.10008.1.2.4.{last}" for last in ("90", "91", "92", "93", "201", "202", "203")),
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.8.1",
)
# And by file: a fragmented JPEG of 12 bits, colours of 32 bits, JPEG-LS of 7 bits, one bit in RLE, float pixels.
BEYOND_FILES = (
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


@dataclass(frozen=True, slots=True)
class Difference:
    """By how many levels a file differs under its own window (DARK, HALF: throughout), why ours is what is meant, and
    which other ways of showing it differ too.
    """

    levels: int
    why: str
    ways: tuple[str, ...] = ()


# By the beginning of the file's name.
DIFFERENCES = {
    "rtdose": Difference(
        DARK, "32 bits, few of them used: dcmtk shows the range of the type, we the values that occur", ("none",)
    ),
    "liver": Difference(HALF, "one bit: dcmtk shows ones at half brightness, we show them white", ("none",)),
    "SC_ybr_full_uncompressed": Difference(
        2, "dcmtk converts YBR by a table of rounded terms, we by the formula of PS3.3 C.7.6.3.1.2, rounded once"
    ),
    "SC_rgb_jpeg_lossy_gdcm": Difference(
        255, "called RGB, in truth YBR, as its components are sampled: dcmtk shows it as it is called"
    ),
    "CTImage.dcm_JPEGLSLossy": Difference(
        255, "window and rescale of unknown value representation: dcmtk reads neither", ("by hand",)
    ),
}


def transfer_syntax(path: Path) -> str:
    """As the file says; empty where it says nothing."""
    meta = read_file_meta_info(path) if path.read_bytes()[128:132] == b"DICM" else Dataset()
    return str(meta.get("TransferSyntaxUID", ""))


def files() -> list[Path]:
    """All shared DICOM files."""
    return sorted(path for path in FOLDER.rglob("*") if path.is_file()) if FOLDER.is_dir() else []


def is_readable(path: Path) -> bool:
    """Whether dcmtk can decode a shared file."""
    return path.name not in BEYOND_FILES and transfer_syntax(path) not in BEYOND


def readable() -> list[Path]:
    """The shared files that dcmtk can decode."""
    return [path for path in files() if is_readable(path)]


def known_difference(path: Path) -> Difference | None:
    """Where the two are known to differ by more than a level."""
    return next((known for start, known in DIFFERENCES.items() if path.name.startswith(start)), None)


def decompressed(path: Path, image: DecodedImage, folder: Path) -> Path:
    """The file itself, or what dcmdjpls makes of JPEG-LS, which dcmj2pnm does not read."""
    if image.header.transfer_syntax not in JPEG_LS:
        return path
    plain = folder / "plain.dcm"
    subprocess.run(["dcmdjpls", path, plain], check=False, capture_output=True)
    return plain


def shown(path: Path, frame: int, options: Sequence[str], out: Path) -> Levels | None:
    """The frame as dcmj2pnm shows it, without overlays; None where it cannot."""
    out.unlink(missing_ok=True)
    command = ["dcmj2pnm", "-O", "+op", "+F", str(frame + 1), *options, str(path), str(out)]
    subprocess.run(command, check=False, capture_output=True)
    if not out.exists():
        return None
    with Image.open(out) as picture:
        return np.asarray(picture, dtype=np.int16)


def padded(image: DecodedImage) -> npt.NDArray[np.bool_]:
    """What is no part of the picture, [H, W]: black for us, the lowest level or a grey one for dcmtk."""
    first, last = image.padding or (np.inf, -np.inf)
    return np.asarray((image.pixels >= first) & (image.pixels <= last))


def own(image: DecodedImage) -> tuple[str, list[str]]:
    """`--voi` of ours, and what says the same to dcmj2pnm: the file's first LUT or window, else the full range."""
    if image.is_colour:
        return "auto", []
    voi = default_voi(image)
    if not image.voi or voi.explanation == "as stored":
        return "none", ["-W"]
    if not isinstance(voi, Window):
        return "auto", ["+Wl", "1"]
    return "auto", ["+Wi", "1", *(["+Wfs"] if voi.function == "SIGMOID" else [])]


def by_hand(image: DecodedImage) -> tuple[Voi, list[str]]:
    """A window across the middle half of the values that occur, and the same for dcmj2pnm."""
    low, high = extremes(image)
    window = Window(round((low + high) / 2, 1), max(round((high - low) / 2, 1), 1.0))
    return window, ["+Ww", str(window.center), str(window.width)]


def min_max(image: DecodedImage) -> tuple[Voi, list[str]]:
    """From the lowest value that occurs to the highest, and the same for dcmj2pnm."""
    low, high = extremes(image)
    return Window((low + high + 1) / 2, high - low + 1), ["+Wm"]


def none(image: DecodedImage) -> tuple[Voi, list[str]]:
    """All values that could occur, and the same for dcmj2pnm."""
    return full_range(image), ["-W"]


def extremes(image: DecodedImage) -> tuple[float, float]:
    """The lowest and the highest value of a grey film in modality units, padding among them."""
    values = to_modality(np.unique(image.pixels).astype(np.float64), image.modality)
    return float(values.min()), float(values.max())


WINDOWS: dict[str, Way] = {"by hand": by_hand, "min-max": min_max, "none": none}
