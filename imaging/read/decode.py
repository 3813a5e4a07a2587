"""The only door from a file to the stored values of a film."""

from __future__ import annotations

from imaging.errors import FilmError
from imaging.image import DecodedImage
from imaging.read import refuse
from imaging.read.budget import BUDGET
from imaging.read.limits import Limits, limits_in_force
from imaging.read.packed.source import has_changed, open_film
from imaging.read.sniff import sniff_stream
from imaging.study import ImageRef


def decode(ref: ImageRef, *, limits: Limits | None = None) -> DecodedImage:
    """Decode one frame at full size, whatever the kind of file. Thread-safe.

    The result's `ref` carries the SOP Instance UID of a DICOM file. Raises FilmError with the reason in one
    sentence, and nothing else. Pictures and compressed DICOM pixel data are decoded in a child process.
    """
    return _decode(ref, limits or limits_in_force(), None)


def decode_reduced(ref: ImageRef, at_least_px: tuple[int, int], *, limits: Limits | None = None) -> DecodedImage:
    """Decode one frame at the smallest size the file offers cheaply with both sides at least `at_least_px`.

    `at_least_px` is (height, width) of the film as it is shown. Only JPEG pictures offer smaller sizes (a half, a
    quarter, an eighth); everything else comes at full size. `full_size_px` of the result is the film's own size.
    """
    return _decode(ref, limits or limits_in_force(), at_least_px)


def _decode(ref: ImageRef, limits: Limits, at_least_px: tuple[int, int] | None) -> DecodedImage:
    if has_changed(ref):
        raise refuse.changed()
    try:
        with BUDGET.film():
            return _read(ref, limits, at_least_px)
    except MemoryError as error:  # the caps are those of one film; other films and other programs take memory too
        raise refuse.noted(refuse.needs_too_much_memory("no memory left")) from error
    except FilmError as error:
        refuse.noted(error)
        raise


def _read(ref: ImageRef, limits: Limits, at_least_px: tuple[int, int] | None) -> DecodedImage:
    try:
        with open_film(ref.path, limits) as stream:
            if sniff_stream(stream) == "dicom":
                from imaging.read.dicom import read_dicom

                return read_dicom(ref, stream, limits)
    except OSError as error:  # the disk or network drive fails
        raise refuse.from_os_error(error) from error
    from imaging.read.raster import read_raster

    return read_raster(ref, limits, at_least_px)
