"""PNG, JPEG and TIFF pictures to `DecodedImage`: headers are read here, pixels in a child process."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from imaging.image import AS_STORED, DecodedImage, Header, Voi
from imaging.read import refuse
from imaging.read.budget import BUDGET
from imaging.read.child import POOL
from imaging.read.limits import Limits
from imaging.read.packed.source import open_film
from imaging.read.picture import Outline, PictureJob, count_pages, open_picture, outline, refusals
from imaging.read.picture_end import PILLOW_FAILURES
from imaging.study import ImageRef


def read_raster(ref: ImageRef, limits: Limits, at_least_px: tuple[int, int] | None = None) -> DecodedImage:
    """Decode one page of a picture; see `imaging.read.decode`.

    `at_least_px` (height, width, as shown) lets a JPEG be decoded at a half, a quarter or an eighth of its size.
    Orientation in the EXIF data is applied, transparency is put on black.
    """
    claimed = _outline(ref, limits, at_least_px)
    BUDGET.claim(claimed.working_bytes)
    job = PictureJob(str(ref.path.absolute()), ref.frame, at_least_px, claimed.result_bytes)
    decoded, facts = POOL.decode(job, b"", limits)
    kind = np.dtype(facts.kind)
    size = int(np.prod(facts.shape)) * kind.itemsize
    pixels = decoded[:size].view(kind).reshape(facts.shape)
    voi: tuple[Voi, ...] = (AS_STORED,) if pixels.ndim == 2 and kind == np.uint8 else ()
    return DecodedImage(
        ref=ref,
        pixels=pixels,
        bits=facts.bits,
        inverted=facts.inverted,
        voi=voi,
        header=Header(icc=facts.icc),
        frames=claimed.frames,
        full_size_px=facts.full_size_px,
        complete=facts.complete,
    )


def _outline(ref: ImageRef, limits: Limits, at_least_px: tuple[int, int] | None) -> Outline:
    try:
        with open_film(ref.path, limits) as stream, refusals(stream):
            return outline(stream, ref.frame, limits, at_least_px)
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
        with open_picture(stream) as image:
            return count_pages(image, limits)
    except PILLOW_FAILURES:
        return 1
