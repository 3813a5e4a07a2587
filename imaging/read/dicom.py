"""One frame of a DICOM file to a `DecodedImage`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from imaging.errors import Code, FilmError
from imaging.image import AS_STORED, DecodedImage, Header, Pixels, Voi, Window
from imaging.read import refuse
from imaging.read.budget import BUDGET
from imaging.read.colour import grey_if_equal, palette_to_rgb, to_8_bits, ybr_to_rgb
from imaging.read.dataset import DicomFile, PixelElement, dicom_in
from imaging.read.frame import Frame
from imaging.read.graphics import read_graphics
from imaging.read.grey import is_inverted, read_modality, read_padding, read_voi
from imaging.read.header import read_aspect, read_header, read_spacing
from imaging.read.layout import Layout, read_layout
from imaging.read.limits import Limits
from imaging.read.native import read_native, stored_values
from imaging.read.values import Elements, text
from imaging.study import ImageRef

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# What holds no picture by its nature, by Modality, with the words for it.
_WITHOUT_PICTURE = {
    "SR": "report",
    "DOC": "document",
    "PR": "presentation state",
    "KO": "key object selection",
    "RTSTRUCT": "structure set",
    "RTPLAN": "treatment plan",
    "RTRECORD": "treatment record",
    "REG": "registration",
    "ECG": "recording",
    "AU": "recording",
    "FID": "list of marks",
    "PLAN": "plan",
}
_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
_SINGLE_BIT = Window(0.5, 1.0, "LINEAR_EXACT", "as stored")


def read_dicom(ref: ImageRef, stream: BinaryIO, limits: Limits) -> DecodedImage:
    """Decode one frame of an open file. Raises FilmError, OSError; see `imaging.read.decode`."""
    return image_of(dicom_in(stream, limits), ref, limits)


def image_of(film: DicomFile, ref: ImageRef, limits: Limits) -> DecodedImage:
    """One frame of a film, whoever has read its header. Raises FilmError, OSError."""
    if film.pixels is None:
        raise missing_pixels(film.dataset)
    layout = read_layout(film.dataset, film.pixels.keyword, limits)
    if not 0 <= ref.frame < layout.frames:
        raise refuse.no_such_frame(ref.frame, layout.frames)
    BUDGET.claim(layout.rows * layout.columns * layout.samples * layout.sample_bytes)
    frame = _read_frame(film, film.pixels, layout, ref.frame, limits)
    named = replace(ref, uid=ref.uid or text(film.dataset, "SOPInstanceUID") or None)
    header = read_header(film.dataset, film.transfer_syntax, ref.frame)
    make = _colour_image if frame.layout.is_colour else _grey_image
    image = make(named, frame, film.dataset, header)
    return replace(image, graphics=read_graphics(film.dataset, frame.pixels, frame.layout, ref.frame, limits))


def missing_pixels(dataset: Elements) -> FilmError:
    """Why a data set has no pixel data: it holds no picture by its nature, or was cut short before the picture."""
    if text(dataset, "MediaStorageSOPClassUID") == _DIRECTORY_CLASS or "DirectoryRecordSequence" in dataset:
        sentence = "This is the table of contents of a disc, not a film; open the folder that it lies in."
        return FilmError(Code.NO_PIXELS, sentence)
    kind = _WITHOUT_PICTURE.get(text(dataset, "Modality").upper())
    if kind is not None:
        return refuse.no_pixels(kind)
    if "Rows" in dataset:
        return refuse.truncated(0.0, "Rows without pixel data")
    if "SOPClassUID" not in dataset and "SOPInstanceUID" not in dataset:
        return refuse.corrupt("no identifiers, no pixel data")
    return refuse.no_pixels()


def _read_frame(film: DicomFile, element: PixelElement, layout: Layout, frame: int, limits: Limits) -> Frame:
    if element.length is None or film.is_compressed:
        # Imported here: `multiprocessing` comes with it, which a film that is not compressed should not wait for.
        from imaging.read.encapsulated import read_encapsulated

        return read_encapsulated(film, element, layout, frame, limits)
    return read_native(film, element, layout, frame)


def _grey_image(ref: ImageRef, frame: Frame, dataset: Elements, header: Header) -> DecodedImage:
    layout = frame.layout
    pixels = stored_values(frame.pixels, layout)
    inverted = is_inverted(dataset)
    padding = read_padding(dataset, layout.bits_stored, layout.signed, layout.floating)
    if frame.filled < 1.0:
        pixels = _filled(pixels, frame.filled, padding, inverted)
    voi: tuple[Voi, ...] = read_voi(dataset, ref.frame, layout.signed)
    spacing = read_spacing(dataset, ref.frame)
    return DecodedImage(
        ref=ref,
        pixels=np.ascontiguousarray(pixels),
        bits=32 if layout.floating else layout.bits_stored,
        inverted=inverted,
        modality=read_modality(dataset, ref.frame, layout.signed),
        voi=voi or ((_SINGLE_BIT,) if layout.bits_stored == 1 else ()),
        padding=padding,
        spacing=spacing,
        pixel_aspect=read_aspect(dataset, spacing),
        header=header,
        frames=layout.frames,
        complete=frame.complete,
    )


def _filled(pixels: Pixels, share: float, padding: tuple[float, float] | None, inverted: bool) -> Pixels:
    """Put what shows black in place of what a file that was cut short does not hold."""
    known = _known(share, pixels.size)
    flat = np.array(pixels).reshape(-1)
    there = flat[:known]
    flat[known:] = padding[0] if padding else there.max() if inverted else there.min()
    return flat.reshape(pixels.shape)


def _known(share: float, count: int) -> int:
    """How many of `count` pixels a share of them is, all but rounding errors; one at least."""
    return max(int(share * count + 1e-6), 1)


def _colour_image(ref: ImageRef, frame: Frame, dataset: Elements, header: Header) -> DecodedImage:
    layout = frame.layout
    rgb = _to_rgb(frame.pixels, layout, dataset)
    if frame.filled < 1.0:
        rgb = np.array(rgb)
        rgb.reshape(-1, 3)[_known(frame.filled, layout.rows * layout.columns) :] = 0
    pixels = grey_if_equal(rgb)
    spacing = read_spacing(dataset, ref.frame)
    return DecodedImage(
        ref=ref,
        pixels=np.ascontiguousarray(pixels),
        bits=8,
        voi=() if pixels.ndim == 3 else (AS_STORED,),
        spacing=spacing,
        pixel_aspect=read_aspect(dataset, spacing),
        header=header,
        frames=layout.frames,
        complete=frame.complete,
    )


def _to_rgb(raw: Pixels, layout: Layout, dataset: Elements) -> Pixels:
    """Any colour frame to RGB, uint8 [H, W, 3]."""
    if layout.floating or layout.signed:
        raise refuse.contradictory("signed or floating colour")
    samples = stored_values(raw, layout)
    if layout.samples == 1:
        return palette_to_rgb(samples, cast("Dataset", dataset))
    eight = to_8_bits(samples, layout.bits_stored)
    if layout.photometric.startswith("YBR"):
        return ybr_to_rgb(eight, partial="PARTIAL" in layout.photometric)
    return eight
