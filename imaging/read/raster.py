"""PNG, JPEG and TIFF pictures to `DecodedImage`, by Pillow."""

from __future__ import annotations

import struct
import warnings
import zlib
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from imaging.image import AS_STORED, DecodedImage, Header, Pixels, Voi
from imaging.read import refuse
from imaging.read.budget import BUDGET
from imaging.read.colour import grey_if_equal
from imaging.read.limits import Limits
from imaging.read.packed.source import open_film
from imaging.study import ImageRef

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("PNG", "JPEG", "TIFF")
# What Pillow raises on damaged files.
_PILLOW_FAILURES = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, NotImplementedError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
_STRIP_ROWS = 256
_START_OF_SCAN = b"\xff\xda"
_PIECE_BYTES = 1 << 20
_ORIENTATION_TAG, _PHOTOMETRIC_TAG, _BITS_TAG = 274, 262, 258
_GREY_MODES = {"L": 8, "I;16": 16, "I;16L": 16, "I;16B": 16, "I": 32, "F": 32}
_TRANSPARENT_MODES = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})


def read_raster(ref: ImageRef, limits: Limits, at_least_px: tuple[int, int] | None = None) -> DecodedImage:
    """Decode one page of a picture; see `imaging.read.decode`.

    `at_least_px` (height, width, as shown) lets a JPEG be decoded at a half, a quarter or an eighth of its size.
    Orientation in the EXIF data is applied, transparency is put on black.
    """
    try:
        with open_film(ref.path, limits, whole=True) as stream:
            try:
                return _read(stream, ref, limits, at_least_px)
            except _PILLOW_FAILURES as error:
                if refuse.is_of_system(error):
                    raise
                raise _refusal(stream, error) from error
    except OSError as error:
        raise refuse.from_os_error(error) from error


def count_frames(stream: BinaryIO, limits: Limits) -> int:
    """Pages of a TIFF, else 1. A damaged file counts as one page, and is refused when it is decoded.

    Raises FilmError TOO_LARGE for more pages than there may be.
    """
    head = stream.read(4)
    stream.seek(0)
    if head[:2] not in (b"II", b"MM"):  # opening a picture would double the time of a scan
        return 1
    try:
        with _open(stream) as image:
            return _frames(image, limits)
    except _PILLOW_FAILURES:
        return 1


def _open(stream: BinaryIO) -> Image:
    """Open a picture without decoding it.

    Pillow's own bound on pixels, a setting of the whole library, is put out of force: ours are checked instead.
    """
    import PIL.Image

    PIL.Image.MAX_IMAGE_PIXELS = None
    warnings.filterwarnings("ignore", module=r"PIL(\.|$)")  # remarks on odd EXIF data, which nobody could act on
    return PIL.Image.open(stream, formats=_FORMATS)


def _frames(image: Image, limits: Limits) -> int:
    if image.format != "TIFF":
        return 1
    pages = 1
    with suppress(EOFError):
        while True:  # not `n_frames`, which goes through a chain of millions
            image.seek(pages)
            pages += 1
            refuse.check_frames(pages, limits)
    image.seek(0)
    return pages


def _check_sums(stream: BinaryIO) -> None:
    """Hold a PNG against its checksums, which decoding alone does not. Raises what Pillow raises."""
    with _open(stream) as image:
        if image.format == "PNG":
            image.verify()
    stream.seek(0)


def _check_scans(stream: BinaryIO, image: Image, limits: Limits) -> None:
    """Raise TOO_LARGE for a progressive JPEG that goes over its picture for minutes, in a few kilobytes."""
    if not image.info.get("progressive"):
        return
    stream.seek(0)
    scans, behind = 0, b""
    while piece := stream.read(_PIECE_BYTES):  # not the whole file: it may be gigabytes of padding
        scans += (behind + piece).count(_START_OF_SCAN)
        behind = piece[-1:]
    if scans * image.width * image.height > limits.max_scan_pixels:
        raise refuse.needs_too_much_memory("more scans than may be")
    stream.seek(0)


def _read(stream: BinaryIO, ref: ImageRef, limits: Limits, at_least_px: tuple[int, int] | None) -> DecodedImage:
    is_cut = _is_cut(stream)
    if not is_cut:
        _check_sums(stream)
    with _open(stream) as image:
        frames = _frames(image, limits)
        if not 0 <= ref.frame < frames:
            raise refuse.no_such_frame(ref.frame, frames)
        if frames > 1:
            image.seek(ref.frame)
        refuse.check_size(image.height, image.width, _sample_bytes(image), len(image.getbands()), limits)
        _check_scans(stream, image, limits)
        turned = _orientation(image)
        full = (image.width, image.height) if turned >= 5 else (image.height, image.width)
        if at_least_px is not None and image.format == "JPEG":
            height, width = reversed(at_least_px) if turned >= 5 else at_least_px
            image.draft(None, (width, height))
        BUDGET.claim(image.height * image.width * len(image.getbands()) * _sample_bytes(image))
        share = _load_what_is_there(image) if is_cut else 1.0
        return replace(_image(image, ref, turned, frames, full), complete=share)


def _load_what_is_there(image: Image) -> float:
    """Decode a picture whose file ends early, and say which share of its rows there is; the others are black.

    Raises what Pillow raises where there is not one row.
    """
    from PIL.ImageFile import ImageFile

    try:
        image.load()
    except _PILLOW_FAILURES:
        assert isinstance(image, ImageFile)
        image.tile = []  # no second attempt: what was decoded stays as it is
        rows = np.flatnonzero(np.asarray(image).reshape(image.height, -1).any(axis=1))
        if not rows.size:
            raise
        return (int(rows[-1]) + 1) / image.height
    return 1.0


def _image(image: Image, ref: ImageRef, turned: int, frames: int, full_size_px: tuple[int, int]) -> DecodedImage:
    inverted = image.mode.startswith("I;16") and _tag(image, _PHOTOMETRIC_TAG) == 0  # Pillow leaves these as stored
    bits = _GREY_MODES.get(image.mode, 8)
    if bits == 16:
        bits = min(max(_tag(image, _BITS_TAG), 9), 16) if image.format == "TIFF" else 16
    pixels = _upright(_pixels(image), turned)
    voi: tuple[Voi, ...] = (AS_STORED,) if pixels.ndim == 2 and pixels.dtype == np.uint8 else ()
    return DecodedImage(
        ref=ref,
        pixels=pixels,
        bits=bits,
        inverted=inverted,
        voi=voi,
        header=Header(icc=bool(image.info.get("icc_profile"))),
        frames=frames,
        full_size_px=full_size_px,
    )


def _pixels(image: Image) -> Pixels:
    """Grey as it is, [H, W] of uint8, uint16, int32 or float32; everything else as RGB or, where it is that, grey."""
    if image.mode == "F":
        floats = np.array(image, np.float32)
        return np.nan_to_num(floats, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    if image.mode in _GREY_MODES:
        stored = np.array(image)
        return stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if image.mode == "1":
        return np.array(image.convert("L"))
    return grey_if_equal(_rgb(image))


def _rgb(image: Image) -> Pixels:
    """Any other picture as RGB, transparency on black; in strips, since Pillow needs several copies on the way."""
    transparent = image.mode in _TRANSPARENT_MODES or "transparency" in image.info
    image.load()
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, _STRIP_ROWS):
        strip = image.crop((0, top, image.width, min(top + _STRIP_ROWS, image.height)))
        pixels[top : top + _STRIP_ROWS] = np.asarray(_on_black(strip) if transparent else strip.convert("RGB"))
    return pixels


def _on_black(image: Image) -> Image:
    import PIL.Image

    coloured = image.convert("RGBA")
    black = PIL.Image.new("RGBA", coloured.size, (0, 0, 0, 255))
    return PIL.Image.alpha_composite(black, coloured).convert("RGB")


def _upright(pixels: Pixels, turned: int) -> Pixels:
    """Apply an EXIF orientation, 1 to 8 (TIFF 6.0, tag 274)."""
    if turned >= 5:
        pixels = np.swapaxes(pixels, 0, 1)
    if turned in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if turned in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _orientation(image: Image) -> int:
    """The orientation tag, 1 where there is none or it cannot be read."""
    try:
        found = image.getexif().get(_ORIENTATION_TAG, 1)
    except _PILLOW_FAILURES:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _tag(image: Image, tag: int) -> int:
    """A number among the TIFF tags, the first of several; -1 where there is none."""
    found = getattr(image, "tag_v2", {}).get(tag, -1)
    first = found[0] if isinstance(found, tuple) and found else found
    return first if isinstance(first, int) else -1


def _sample_bytes(image: Image) -> int:
    return max(_GREY_MODES.get(image.mode, 8) // 8, 1)


def _is_cut(stream: BinaryIO) -> bool:
    """Whether the end of a PNG or JPEG file is missing; of a TIFF nobody knows. Leaves the stream at its start."""
    stream.seek(0)
    head = stream.read(3)
    stream.seek(max(stream.seek(0, 2) - 64, 0))
    tail = stream.read()
    stream.seek(0)
    return {b"\x89PN": b"IEND" not in tail, b"\xff\xd8\xff": b"\xff\xd9" not in tail}.get(head, False)


def _refusal(stream: BinaryIO, error: BaseException) -> Exception:
    """A cut file is told from a damaged one by whether its end is there."""
    detail = type(error).__name__
    if isinstance(error, MemoryError):
        return refuse.needs_too_much_memory(detail)
    stream.seek(0)
    of_tiff = stream.read(2) in (b"II", b"MM") and ("truncated" in str(error).lower() or isinstance(error, EOFError))
    return refuse.truncated(None, detail) if of_tiff or _is_cut(stream) else refuse.corrupt(detail)
