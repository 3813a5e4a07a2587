"""Films in archives, and what a scan says of them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from imaging.errors import Code, FilmError
from imaging.progress import CancelToken
from imaging.read.decode import decode
from imaging.read.limits import DEFAULT_LIMITS, Limits
from imaging.read.look import Found, Refused
from imaging.read.scan import scan
from imaging.study import ImageRef
from tests import dicom_files as make

PIXELS = make.film(bits=12)


def film_bytes(folder: Path, **options: object) -> bytes:
    """The film PIXELS as a DICOM file."""
    return make.write_dicom(folder / "made", PIXELS, bits_stored=12, **options).read_bytes()


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A ZIP archive of these files."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def picture_bytes() -> bytes:
    """A film of 8 bits as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(make.film(bits=8)).save(stream, "PNG")
    return stream.getvalue()


def scanned(*paths: Path) -> list[Found | Refused]:
    """Everything that a scan tells."""
    return list(scan(paths, CancelToken()))


def found_in(*paths: Path) -> list[str]:
    """The films that a scan finds, by their path below the first."""
    return [item.path.relative_to(paths[0]).as_posix() for item in scanned(*paths) if isinstance(item, Found)]


def codes(results: list[Found | Refused]) -> list[Code]:
    """Why the others were refused."""
    return [result.error.code for result in results if isinstance(result, Refused)]


def refused(path: Path, limits: Limits = DEFAULT_LIMITS) -> FilmError:
    """The error with which a film is refused."""
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(path), limits=limits)
    return refusal.value
