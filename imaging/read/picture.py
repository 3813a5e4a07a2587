"""PNG, JPEG and TIFF by Pillow: what a picture says of itself, read anywhere, and its pixels, decoded in the child.

Opening a picture is Python; decoding it is libjpeg, libtiff, zlib. Qt, torch and pydicom are not needed here.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from imaging.image import Pixels
from imaging.read import refuse
from imaging.read.answer import demand, flag, share, whole
from imaging.read.colour import grey_if_equal
from imaging.read.limits import MOST, Limits
from imaging.read.packed.source import open_film, unpack
from imaging.read.picture_end import PILLOW_FAILURES, ends_early, is_cut, load_what_is_there, refusal_of
from imaging.read.picture_size import HEAD_BYTES, PictureSize, read_size, reduced

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("PNG", "JPEG", "TIFF")
_STRIP_ROWS = 256
_START_OF_SCAN = b"\xff\xda"
_SEVERAL_PICTURES = b"MPF\0"  # in a JPEG of a phone, which Pillow takes for a format of its own and does not reduce
_PIECE_BYTES = 1 << 20
_ORIENTATION_TAG, _PHOTOMETRIC_TAG, _BITS_TAG = 274, 262, 258
_GREY_MODES = {"1": "u1", "L": "u1", "I;16": "<u2", "I;16L": "<u2", "I;16B": "<u2", "I": "<i4", "F": "<f4"}
_KINDS = frozenset(np.dtype(kind).str for kind in _GREY_MODES.values())
_TRANSPARENT_MODES = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})


@dataclass(frozen=True, slots=True)
class Outline:
    """What a picture's header claims: pages, and the bytes of one, `working` while Pillow decodes it."""

    frames: int
    result_bytes: int
    working_bytes: int


class PictureFacts(NamedTuple):  # which crosses over in a third of a dataclass's time
    """What came out. `kind` is the type of the pixels, [H, W] or [H, W, 3] as `shape` says, upright."""

    shape: tuple[int, ...]
    kind: str
    bits: int
    inverted: bool
    icc: bool
    full_size_px: tuple[int, int]
    complete: float


class PictureJob(NamedTuple):
    """A page of a picture to decode; see `imaging.read.child`. Its file is read by the child."""

    path: str
    frame: int
    at_least_px: tuple[int, int] | None
    result_bytes: int
    family: str = "picture"

    def decode(self, data: memoryview, limits: Limits, out: Pixels) -> PictureFacts:
        """Decode into `out`, uint8 [result_bytes], as far as that is needed. Raises FilmError and nothing else."""
        try:
            with open_film(Path(self.path), limits) as stream:
                unpack(stream)
                with refusals(stream):
                    return _decoded(stream, self, limits, out)
        except OSError as error:
            raise refuse.from_os_error(error) from error

    def heard(self, told: Any) -> PictureFacts:
        """The facts, such that an array can be made of the result. Raises AnswerError."""
        demand(isinstance(told, list) and len(told) == len(PictureFacts._fields), "no facts")
        shape, kind, bits, inverted, icc, full_size_px, complete = told
        demand(isinstance(shape, list) and (len(shape) == 2 or shape[2:] == [3]), "no shape")
        demand(isinstance(full_size_px, list) and len(full_size_px) == 2, "no size")
        demand(isinstance(kind, str) and kind in _KINDS, "no kind")
        sides = tuple(whole(side, self.result_bytes) for side in shape)
        demand(math.prod(sides) * np.dtype(kind).itemsize <= self.result_bytes, "too large")
        height, width = (whole(side, MOST) for side in full_size_px)
        bits = whole(bits, 8 * np.dtype(kind).itemsize)
        return PictureFacts(sides, kind, bits, flag(inverted), flag(icc), (height, width), share(complete))


@contextmanager
def refusals(stream: BinaryIO) -> Iterator[None]:
    """Turn what Pillow raises into a FilmError; what the system says of the file is left alone."""
    try:
        yield
    except PILLOW_FAILURES as error:
        if refuse.is_of_system(error):
            raise
        raise refusal_of(stream, error) from error


def outline(stream: BinaryIO, frame: int, limits: Limits, at_least_px: tuple[int, int] | None) -> Outline:
    """Read a picture's header and hold it against the limits. Raises FilmError, and what Pillow raises."""
    head, frames = stream.read(HEAD_BYTES), 1
    stream.seek(0)
    size = read_size(head) if not frame else None
    is_jpeg = head.startswith(b"\xff\xd8") and _SEVERAL_PICTURES not in head
    if size is None:
        with open_picture(stream) as image:
            is_jpeg = image.format == "JPEG"
            frames = turn_to(image, frame, limits)
            pixel_bytes = _sample_bytes(image) if image.mode in _GREY_MODES else 3
            size = PictureSize(image.height, image.width, len(image.getbands()), _sample_bytes(image), pixel_bytes)
    refuse.check_size(size.height, size.width, size.sample_bytes, size.channels, limits)
    if at_least_px is not None and is_jpeg:
        size = reduced(size, at_least_px)
    pixels = size.height * size.width
    return Outline(frames, pixels * size.pixel_bytes, pixels * size.channels * size.sample_bytes)


def load() -> None:
    """Import the three formats; of the first TIFF Pillow would import all that it knows."""
    import PIL.JpegImagePlugin
    import PIL.PngImagePlugin
    import PIL.TiffImagePlugin  # noqa: F401 - they announce themselves to Pillow


def open_picture(stream: BinaryIO) -> Image:
    """Open a picture without decoding it.

    Pillow's own bound on pixels, a setting of the whole library, is put out of force: ours are checked instead.
    """
    import PIL.Image

    load()
    PIL.Image.MAX_IMAGE_PIXELS = None
    warnings.filterwarnings("ignore", module=r"PIL(\.|$)")  # remarks on odd EXIF data, which nobody could act on
    return PIL.Image.open(stream, formats=_FORMATS)


def count_pages(image: Image, limits: Limits) -> int:
    """Pages of a TIFF, else 1. Raises FilmError TOO_LARGE for more than there may be."""
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


def turn_to(image: Image, frame: int, limits: Limits) -> int:
    """Turn to a page, check its size and say how many there are. Raises FilmError, and what Pillow raises."""
    frames = count_pages(image, limits)
    if not 0 <= frame < frames:
        raise refuse.no_such_frame(frame, frames)
    if frames > 1:
        image.seek(frame)
    refuse.check_size(image.height, image.width, _sample_bytes(image), len(image.getbands()), limits)
    return frames


def _decoded(stream: BinaryIO, job: PictureJob, limits: Limits, out: Pixels) -> PictureFacts:
    cut = is_cut(stream)
    if not cut and stream.read(4) == b"\x89PNG":
        _check_sums(stream)
    with open_picture(stream) as image:
        turn_to(image, job.frame, limits)
        _check_scans(stream, image, limits)
        full_size_px = _draft(image, job.at_least_px)
        complete = load_what_is_there(image) if cut or ends_early(stream, image) else 1.0
        turned = _orientation(image)
        is_wide_grey = image.mode.startswith("I;16")
        pixels = _upright(_pixels(image, out), turned, out)
        return PictureFacts(
            shape=pixels.shape,
            kind=pixels.dtype.str,
            bits=_bits(image),
            inverted=is_wide_grey and _tag(image, _PHOTOMETRIC_TAG) == 0,  # Pillow leaves these as stored
            icc=bool(image.info.get("icc_profile")),
            full_size_px=(full_size_px[1], full_size_px[0]) if turned >= 5 else full_size_px,
            complete=complete,
        )


def _draft(image: Image, at_least_px: tuple[int, int] | None) -> tuple[int, int]:
    """Have a JPEG decoded at a half, a quarter or an eighth where that is enough; the full size as stored."""
    full_size_px = image.height, image.width
    if at_least_px is not None and image.format == "JPEG":
        height, width = reversed(at_least_px) if _orientation(image) >= 5 else at_least_px
        image.draft(None, (width, height))
    return full_size_px


def _check_sums(stream: BinaryIO) -> None:
    """Hold a PNG against its checksums, which decoding alone does not. Raises what Pillow raises."""
    with open_picture(stream) as image:
        image.verify()


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


def _pixels(image: Image, out: Pixels) -> Pixels:
    """Grey as it is, [H, W] of uint8, uint16, int32 or float32; everything else as RGB or, where it is that, grey.

    In strips, since Pillow needs several copies on the way.
    """
    image.load()
    kind = np.dtype(_GREY_MODES.get(image.mode, "u1"))
    shape = (image.height, image.width) if image.mode in _GREY_MODES else (image.height, image.width, 3)
    pixels = _front(out, shape, kind)
    transparent = image.mode in _TRANSPARENT_MODES or "transparency" in image.info
    for top in range(0, image.height, _STRIP_ROWS):
        part = (0, top, image.width, min(top + _STRIP_ROWS, image.height))
        strip = image.crop(part) if image.height > _STRIP_ROWS else image
        target = pixels[top : top + _STRIP_ROWS]
        if image.mode not in _GREY_MODES:
            strip = _on_black(strip) if transparent else strip.convert("RGB")
        elif image.mode == "1":
            strip = strip.convert("L")
        target[...] = np.asarray(strip)
        if image.mode == "F":
            np.nan_to_num(target, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return pixels if image.mode in _GREY_MODES else _moved(grey_if_equal(pixels), out)


def _on_black(image: Image) -> Image:
    import PIL.Image

    coloured = image.convert("RGBA")
    black = PIL.Image.new("RGBA", coloured.size, (0, 0, 0, 255))
    return PIL.Image.alpha_composite(black, coloured).convert("RGB")


def _upright(pixels: Pixels, turned: int, out: Pixels) -> Pixels:
    """Apply an EXIF orientation, 1 to 8 (TIFF 6.0, tag 274)."""
    if turned >= 5:
        pixels = np.swapaxes(pixels, 0, 1)
    if turned in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if turned in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels if turned == 1 else _moved(pixels.copy(), out)


def _moved(pixels: Pixels, out: Pixels) -> Pixels:
    """The array at the front of `out`, where it may stand already."""
    front = _front(out, pixels.shape, pixels.dtype)
    if not np.may_share_memory(front, pixels):
        front[...] = pixels
    return front


def _front(out: Pixels, shape: tuple[int, ...], kind: np.dtype[Any]) -> Pixels:
    size = int(np.prod(shape)) * kind.itemsize
    if size > out.size:
        raise ValueError("another picture than before")
    return out[:size].view(kind).reshape(shape)


def _orientation(image: Image) -> int:
    """The orientation tag, 1 where there is none or it cannot be read."""
    try:
        found = image.getexif().get(_ORIENTATION_TAG, 1)
    except PILLOW_FAILURES:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _bits(image: Image) -> int:
    bits = np.dtype(_GREY_MODES.get(image.mode, "u1")).itemsize * 8
    if bits == 16 and image.format == "TIFF":
        return min(max(_tag(image, _BITS_TAG), 9), 16)
    return bits


def _tag(image: Image, tag: int) -> int:
    """A number among the TIFF tags, the first of several; -1 where there is none."""
    found = getattr(image, "tag_v2", {}).get(tag, -1)
    first = found[0] if isinstance(found, tuple) and found else found
    return first if isinstance(first, int) else -1


def _sample_bytes(image: Image) -> int:
    return np.dtype(_GREY_MODES.get(image.mode, "u1")).itemsize
