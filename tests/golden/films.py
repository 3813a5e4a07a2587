"""The generated films of the golden table: small chests in every encoding of grey that the chain must get right.

They are files, so that the table holds reading and showing together. Other tests render them with other programs. They
are drawn in whole numbers only, unlike `imaging.phantom`, whose last bit may differ from one processor to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests import dicom_files as make

SIZE_PX = (168, 144)
Pixels = npt.NDArray[Any]
Writer = Callable[[Path], None]


def twelve_bits(seed: int) -> Pixels:
    """A chest of 12 bits, bright for bone, uint16 [H, W]: body, two lungs, heart, spine, ribs, noise."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(SIZE_PX, dtype=np.int64)
    shift = int(rng.integers(-5, 6))
    body = _bulge(x - 72 - shift, y - 110, 62, 110)
    lungs = np.maximum(_bulge(x - 45 - shift, y - 82, 24, 58), _bulge(x - 101 - shift, y - 84, 22, 58))
    heart = _bulge(x - 80 - shift, y - 100, 22, 26)
    spine = (np.abs(x - 72 - shift) < 7) * (160 + 60 * (y % 13 > 2))
    ribs = ((y * 8 + np.abs(x - 72 - shift) * 3) % 120 < 32) * (lungs > 0)
    pixels = 260 + body * 2 + (body > 0) * (spine + 900) - lungs * 13 // 8 + heart + 170 * ribs
    pixels += rng.integers(-24, 25, SIZE_PX) + rng.integers(-24, 25, SIZE_PX)
    pixels[12:24, 8:16] = 3900  # a lead marker
    return np.asarray(np.clip(pixels, 0, 4095), dtype=np.uint16)


def _bulge(dx: npt.NDArray[np.int64], dy: npt.NDArray[np.int64], rx: int, ry: int) -> npt.NDArray[np.int64]:
    """Up to 1000 in the middle of an ellipse, falling to 0 at its border, in whole numbers."""
    return np.maximum(1000 - 1000 * dx * dx // (rx * rx) - 1000 * dy * dy // (ry * ry), 0)


def eight_bits(seed: int) -> Pixels:
    return (twelve_bits(seed) >> 4).astype(np.uint8)


def _dicom(pixels: Pixels, **options: Any) -> Writer:
    return lambda path: _keep(make.write_dicom(path, pixels, **options))


def _keep(path: Path) -> None:
    """Written; the path is known already."""


def _picture(pixels: Pixels) -> Writer:
    def write(path: Path) -> None:
        from PIL import Image

        Image.fromarray(pixels).save(path)

    return write


def _curve(entries: int, bits: int) -> list[int]:
    """An S-shaped LUT from 0 to the top of its bits."""
    x = np.linspace(0.0, 1.0, entries)
    return [int(value) for value in np.rint((3 * x**2 - 2 * x**3) * ((1 << bits) - 1))]


def _tinted(seed: int) -> Pixels:
    grey = eight_bits(seed).astype(np.uint16)
    return np.stack([grey, grey * 9 // 10, grey * 7 // 10], axis=-1).astype(np.uint8)


def _signed(seed: int) -> Pixels:
    return (twelve_bits(seed).astype(np.int32) * 8 - 16384).astype(np.int16)


def _bordered(seed: int, border: int) -> Pixels:
    pixels = twelve_bits(seed)
    pixels[:, :14] = pixels[-10:] = border
    return pixels


def writers() -> dict[str, Writer]:
    """File name to what writes that film. Names say what is particular about it."""
    mono1 = {"photometric": "MONOCHROME1"}
    window = make.window([2048.0, 1800.0], [3600.0, 2200.0])
    twelve: dict[str, Any] = {"bits_stored": 12}
    ten: dict[str, Any] = {"bits_stored": 10}
    return {
        "linear-12.dcm": _dicom(twelve_bits(1), **twelve, **window),
        "monochrome1-12.dcm": _dicom(4095 - twelve_bits(2), **twelve, **mono1, **window),
        "inverse-shape-12.dcm": _dicom(4095 - twelve_bits(2), **twelve, **window, PresentationLUTShape="INVERSE"),
        "sigmoid-10.dcm": _dicom(twelve_bits(3) >> 2, **ten, **make.window(480.0, 700.0, function="SIGMOID")),
        "linear-exact-12.dcm": _dicom(twelve_bits(4), **twelve, **make.window(2000.0, 3000.0, function="LINEAR_EXACT")),
        "linear-8.dcm": _dicom(eight_bits(5), **make.window(120.0, 190.0)),
        "plain-8.dcm": _dicom(eight_bits(6)),
        "no-window-16.dcm": _dicom(twelve_bits(7) * np.uint16(9)),
        "signed-rescaled-16.dcm": _dicom(
            _signed(8), **make.window(-900.0, 5200.0), RescaleSlope="0.25", RescaleIntercept="-1000"
        ),
        "modality-lut-12.dcm": _dicom(
            twelve_bits(9),
            **twelve,
            **make.window(500.0, 800.0),
            ModalityLUTSequence=make.sequence(make.lut(_curve(4096, 10), bits=10)),
        ),
        "voi-lut-8.dcm": _dicom(
            twelve_bits(10), **twelve, VOILUTSequence=make.sequence(make.lut(_curve(4096, 8), bits=8))
        ),
        "voi-lut-16-monochrome1.dcm": _dicom(
            4095 - twelve_bits(11),
            **twelve,
            **mono1,
            **window,
            VOILUTSequence=make.sequence(make.lut(_curve(3000, 16), first=600, bits=16)),
        ),
        "padded-monochrome1-12.dcm": _dicom(
            4095 - _bordered(12, 4000), **twelve, **mono1, PixelPaddingValue=95, **make.window(2300.0, 3000.0)
        ),
        "rle-12.dcm": _dicom(twelve_bits(13), **twelve, **window, transfer_syntax=make.RLE),
        "colour.png": _picture(_tinted(14)),
        "grey-8.png": _picture(eight_bits(15)),
        "grey-16.png": _picture(twelve_bits(16)),
        "collimated-16.png": _picture(_bordered(17, 4095)),
    }


def write_films(folder: Path) -> dict[str, Path]:
    """Write all of them into `folder`; the paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / name for name in writers()}
    for name, write in writers().items():
        write(paths[name])
    return paths
