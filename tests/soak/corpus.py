"""The films that are mutated: one of every kind that can be written here, and the public ones where they are."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from tests import dicom_files as make

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "dicom"
MOST_SHARED_BYTES = 1 << 20
NAME, PATIENT_ID = "Test^Film", "TEST-01"  # of the films made here: never to be seen in a refusal


@cache
def films() -> dict[str, bytes]:
    """The films made here, by name: the same bytes on every call."""
    with tempfile.TemporaryDirectory() as name:
        made = {**dict(_dicom(Path(name))), **dict(_pictures())}
        made["disc"] = _disc(Path(name))
    made["gzip"] = gzip.compress(made["dicom explicit 12"], mtime=0)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for member in ("dicom jpeg_ls 12", "png 16", "dicom explicit 12"):
            packed.writestr(zipfile.ZipInfo(member), made[member])
    made["zip"] = archive.getvalue()
    return made


def shared_films() -> dict[str, bytes]:
    """The public test films up to a megabyte; none where the folder is not there."""
    paths = sorted(path for path in SHARED.rglob("*") if path.is_file()) if SHARED.is_dir() else []
    return {
        path.relative_to(SHARED).as_posix(): path.read_bytes()
        for path in paths
        if path.stat().st_size <= MOST_SHARED_BYTES
    }


def _dicom(folder: Path) -> Iterator[tuple[str, bytes]]:
    syntaxes = {
        "implicit": make.IMPLICIT, "explicit": make.EXPLICIT, "big_endian": make.BIG_ENDIAN, "deflated": make.DEFLATED,
        "rle": make.RLE, "lossless": make.JPEG_LOSSLESS, "jpeg_ls": make.JPEG_LS, "jpeg_2000": make.JPEG_2000,
        "jpeg_xl": make.JPEG_XL, "frames": make.DEFLATED_FRAMES,
    }  # fmt: skip
    for name, syntax in syntaxes.items():
        yield f"dicom {name} 12", _written(folder, make.film(40, 48, bits=12), syntax, bits_stored=12)
        yield f"dicom {name} 8", _written(folder, make.film(40, 48, bits=8), syntax)
    yield "dicom baseline 8", _written(folder, make.film(40, 48, bits=8), make.JPEG_BASELINE)
    yield "dicom extended 12", _written(folder, make.film(40, 48, bits=12), make.JPEG_EXTENDED, bits_stored=12)
    rgb = np.stack([make.film(40, 48, bits=8, seed=seed) for seed in range(3)], axis=-1)
    for name in ("explicit", "rle", "jpeg_2000", "jpeg_ls"):
        yield f"dicom {name} rgb", _written(folder, rgb, syntaxes[name], photometric="RGB")
    frames = np.stack([make.film(20, 24, bits=12, seed=seed) for seed in range(3)])
    for name in ("explicit", "rle", "jpeg_ls"):
        yield f"dicom {name} frames", _written(folder, frames, syntaxes[name], bits_stored=12, frames=3)
    luts = {"VOILUTSequence": make.sequence(make.lut(range(4096), bits=12)), **make.window([600, 900], [1200, 400])}
    yield "dicom luts", _written(folder, make.film(40, 48, bits=12), make.EXPLICIT, bits_stored=12, **luts)


def _written(folder: Path, pixels: make.Pixels, syntax: str, **options: Any) -> bytes:
    return make.write_dicom(folder / "film", pixels, transfer_syntax=syntax, **options).read_bytes()


def _pictures() -> Iterator[tuple[str, bytes]]:
    grey, deep = Image.fromarray(make.film(40, 48, bits=8)), Image.fromarray(make.film(40, 48, bits=16))
    kinds: tuple[tuple[str, Image.Image, str, dict[str, Any]], ...] = (
        ("png 8", grey, "PNG", {}),
        ("png 16", deep, "PNG", {}),
        ("png palette", grey.convert("P"), "PNG", {}),
        ("png alpha", grey.convert("LA"), "PNG", {}),
        ("jpeg 8", grey, "JPEG", {}),
        ("jpeg progressive", grey.convert("RGB"), "JPEG", {"progressive": True}),
        ("tiff plain", deep, "TIFF", {}),
        ("tiff lzw", deep, "TIFF", {"compression": "tiff_lzw"}),
        ("tiff deflate", grey, "TIFF", {"compression": "tiff_adobe_deflate"}),
        ("tiff jpeg", grey.convert("RGB"), "TIFF", {"compression": "jpeg"}),
        ("tiff fax", grey.convert("1"), "TIFF", {"compression": "group4"}),
        ("tiff pages", grey, "TIFF", {"save_all": True, "append_images": [grey, grey]}),
    )
    for name, image, kind, options in kinds:
        stream = io.BytesIO()
        image.save(stream, kind, **options)
        yield name, stream.getvalue()


def _disc(folder: Path) -> bytes:
    table = Dataset()
    table.file_meta = make.dataset(make.film()).file_meta
    table.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    record = Dataset()
    record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", ["A", "IM1"]
    table.DirectoryRecordSequence = make.sequence(record, record)
    return make.write_dataset(folder / "disc", table).read_bytes()
