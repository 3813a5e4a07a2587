"""The golden table: what films look like on screen and to the network, as sha256 of the pixels."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imaging.read.decode import decode
from imaging.show.render import display_pixels
from imaging.study import ImageRef
from inference.scoring.preprocess import PreprocessSpec, load_grey, network_grey

TABLE = Path(__file__).with_name("golden.json")
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

# Real films of the table: DX and CR in both polarities and many encodings.
REAL_FILMS = (
    "dicom/nhsx/1.3.6.1.4.1.11129.5.5.110503645592756492463169821050252582267888.dcm",
    "dicom/pylibjpeg-data/966_fixed.dcm",
    "dicom/pylibjpeg-data/RG1_J2KI.dcm",
    "dicom/pylibjpeg-data/RG1_JLSN.dcm",
    "dicom/pylibjpeg-data/RG3_J2KR.dcm",
    "dicom/pylibjpeg-data/JPEGExtended_1s_1f_u_16_12.dcm",
    "dicom/pylibjpeg-data/MR_small.dcm",
    "dicom/pydicom-data/OT-PAL-8-face.dcm",
    "dicom/cornerstone/CTImage.dcm_JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80.dcm",
)
SERVED = PreprocessSpec(size_px=224, fit="squash")  # read as `screen` reads it: a JPEG is scaled on decoding
FITTED = {
    "pad-96": PreprocessSpec(size_px=96, fit="pad"),
    "crop-96": PreprocessSpec(size_px=96, fit="crop"),
}
Entry = dict[str, Any]


def fingerprint(pixels: npt.NDArray[np.uint8]) -> str:
    """sha256 of the shape, as 'height x width' or 'height x width x 3', and the pixels row by row."""
    shape = " x ".join(str(length) for length in pixels.shape)
    return hashlib.sha256(shape.encode("ascii") + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def entry(path: Path) -> Entry:
    """The fingerprints of one film: as `render --voi auto` shows it, and as the network sees it."""
    image = decode(ImageRef(path))
    network = {"squash-224": fingerprint(load_grey(ImageRef(path), SERVED)[0])}
    network |= {name: fingerprint(network_grey(image, spec)) for name, spec in FITTED.items()}
    return {"display": fingerprint(display_pixels(image)), "network": network}


def real_films() -> dict[str, Path]:
    """The real films that are present, by their path below shared/data: the named ones and two of each class."""
    names = list(REAL_FILMS)
    for folder in ("films/NORMAL", "films/PNEUMONIA"):
        found = sorted(DATA.joinpath(folder).glob("*.jp*g"))[:2]
        names += [path.relative_to(DATA).as_posix() for path in found]
    return {name: DATA / name for name in names if (DATA / name).is_file()}


def read_table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table
