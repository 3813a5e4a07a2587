"""DICOM files for tests, made with pydicom: any depth, sign, colour space, window, LUT and transfer syntax."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

IMPLICIT = str(ImplicitVRLittleEndian)
EXPLICIT = str(ExplicitVRLittleEndian)
BIG_ENDIAN = str(ExplicitVRBigEndian)
DEFLATED = str(DeflatedExplicitVRLittleEndian)
RLE = "1.2.840.10008.1.2.5"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
HTJ2K = "1.2.840.10008.1.2.4.201"
JPEG_XL = "1.2.840.10008.1.2.4.110"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
NATIVE = (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED)
LOSSLESS = (RLE, JPEG_LOSSLESS, JPEG_LS, JPEG_2000, HTJ2K, JPEG_XL, DEFLATED_FRAMES)
DX_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.1.1"

Pixels = npt.NDArray[Any]


def film(rows: int = 24, columns: int = 32, bits: int = 12, signed: bool = False, seed: int = 0) -> Pixels:
    """A smooth film with some noise that uses the whole range of its bits, [rows, columns]."""
    across = np.linspace(0.0, 1.0, columns)[None, :]
    down = np.linspace(0.0, 1.0, rows)[:, None]
    noise = np.random.default_rng(seed).random((rows, columns))
    shares = np.clip(0.45 * across + 0.45 * down + 0.1 * noise, 0.0, 1.0)
    shares[0, 0], shares[-1, -1] = 0.0, 1.0
    lowest = -(1 << (bits - 1)) if signed else 0
    container = "u1" if bits <= 8 else "u2" if bits <= 16 else "u4"
    values = np.round(shares * ((1 << bits) - 1)) + lowest
    return values.astype(container.replace("u", "i") if signed else container)


def dataset(
    pixels: Pixels,
    *,
    bits_stored: int | None = None,
    high_bit: int | None = None,
    photometric: str = "MONOCHROME2",
    transfer_syntax: str = EXPLICIT,
    frames: int = 1,
    planar: bool = False,
    **elements: Any,
) -> Dataset:
    """A DX object of these pixels: [H, W], [H, W, 3], or with `frames` > 1 the frames first.

    The bits allocated and the sign are those of the array's type (bool: single bits). `elements` are further
    attributes by keyword; None leaves one out that would be there.
    """
    made = Dataset()
    made.file_meta = _file_meta(transfer_syntax)
    made.SOPClassUID, made.SOPInstanceUID = DX_IMAGE_STORAGE, made.file_meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(entropy_srcs=["s"]), generate_uid(entropy_srcs=["r"])
    made.Modality, made.PatientName, made.PatientID = "DX", "Test^Film", "TEST-01"
    frame_shape = pixels.shape[1:] if frames > 1 else pixels.shape
    made.Rows, made.Columns = frame_shape[:2]
    made.SamplesPerPixel = 3 if len(frame_shape) == 3 else 1
    if made.SamplesPerPixel == 3:
        made.PlanarConfiguration = int(planar)
    if frames > 1:
        made.NumberOfFrames = frames
    made.PhotometricInterpretation = photometric
    made.BitsAllocated = 1 if pixels.dtype == np.bool_ else pixels.dtype.itemsize * 8
    made.BitsStored = bits_stored or made.BitsAllocated
    made.HighBit = made.BitsStored - 1 if high_bit is None else high_bit
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    _set_pixels(made, pixels, frames, planar)
    for keyword, value in elements.items():
        _set(made, keyword, value)
    return made


def write_dicom(path: Path, pixels: Pixels, **options: Any) -> Path:
    """Write `dataset(pixels, **options)` and return the path."""
    return write_dataset(path, dataset(pixels, **options))


def write_dataset(path: Path, made: Dataset) -> Path:
    """Write a data set in the encoding that its file meta information names."""
    if str(made.file_meta.TransferSyntaxUID) in NATIVE:
        dcmwrite(path, made, enforce_file_format=True)
    else:  # pydicom does not know the newest syntaxes, and need not: all compressed ones are written alike
        made.preamble = bytes(128)
        dcmwrite(path, made, implicit_vr=False, little_endian=True, force_encoding=True)
    return path


def window(center: float | Sequence[float], width: float | Sequence[float], **more: Any) -> dict[str, Any]:
    """The elements of one or several VOI windows; `function` and `explanation` where they are wanted."""
    elements: dict[str, Any] = {"WindowCenter": center, "WindowWidth": width}
    if "function" in more:
        elements["VOILUTFunction"] = more["function"]
    if "explanation" in more:
        elements["WindowCenterWidthExplanation"] = more["explanation"]
    return elements


def lut(
    values: Sequence[int], *, first: int = 0, bits: int = 16, explanation: str = "", signed: bool = False
) -> Dataset:
    """One item of a Modality or VOI LUT Sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [len(values) % 65536, first, bits])
    item.add_new("LUTData", "US", list(values))
    item.LUTExplanation = explanation
    return item


def sequence(*items: Dataset) -> DicomSequence:
    """Items as the value of a sequence element."""
    return DicomSequence(items)


def _file_meta(transfer_syntax: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(DX_IMAGE_STORAGE)
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["i"])
    meta.TransferSyntaxUID = UID(transfer_syntax)
    return meta


def _set(made: Dataset, keyword: str, value: Any) -> None:
    if value is not None:
        setattr(made, keyword, value)
    elif keyword in made:
        delattr(made, keyword)


def _set_pixels(made: Dataset, pixels: Pixels, frames: int, planar: bool) -> None:
    syntax = str(made.file_meta.TransferSyntaxUID)
    if syntax not in NATIVE:
        each = list(pixels) if frames > 1 else [pixels]
        made.PixelData = encapsulate([_compressed(frame, syntax, made) for frame in each])
        made["PixelData"].VR = "OB"
        return
    if pixels.dtype.kind == "f":
        del made.BitsStored, made.HighBit, made.PixelRepresentation
        keyword, vr = ("FloatPixelData", "OF") if pixels.dtype.itemsize == 4 else ("DoubleFloatPixelData", "OD")
        made.add_new(keyword, vr, _native_bytes(pixels, planar, big_endian=syntax == BIG_ENDIAN))
        return
    data = _native_bytes(pixels, planar, big_endian=syntax == BIG_ENDIAN)
    made.add_new("PixelData", "OW" if made.BitsAllocated > 8 else "OB", data + b"\x00" * (len(data) % 2))


def _native_bytes(pixels: Pixels, planar: bool, big_endian: bool) -> bytes:
    if pixels.dtype == np.bool_:
        return np.packbits(pixels.reshape(-1), bitorder="little").tobytes()
    ordered = np.moveaxis(pixels, -1, -3) if planar else pixels
    return ordered.astype(ordered.dtype.newbyteorder(">" if big_endian else "<")).tobytes()


def _compressed(frame: Pixels, syntax: str, made: Dataset) -> bytes:
    """One frame's codestream. Signed pixels go in as their bits, as DICOM wants it of all but JPEG 2000."""
    import imagecodecs

    bits = int(made.BitsStored)
    unsigned = frame.view(frame.dtype.str.replace("i", "u")) if frame.dtype.kind == "i" else frame
    if syntax == RLE:
        return _rle(frame)
    if syntax == DEFLATED_FRAMES:
        deflater = zlib.compressobj(wbits=-15)
        return deflater.compress(frame.tobytes()) + deflater.flush()
    if syntax in (JPEG_2000, HTJ2K):
        return _jpeg_2000(frame, syntax, bits)
    if syntax == JPEG_LS:
        return bytes(imagecodecs.jpegls_encode(unsigned))
    if syntax == JPEG_XL:
        return bytes(imagecodecs.jpegxl_encode(unsigned, lossless=True))
    lossless = syntax == JPEG_LOSSLESS
    depth = bits if frame.dtype.itemsize > 1 else 8
    return bytes(imagecodecs.jpeg8_encode(unsigned, level=95, lossless=lossless, bitspersample=depth))


def _jpeg_2000(frame: Pixels, syntax: str, bits: int) -> bytes:
    import imagecodecs

    if syntax == HTJ2K:
        return bytes(imagecodecs.htj2k_encode(frame))
    return bytes(imagecodecs.jpeg2k_encode(frame, level=0, reversible=True, codecformat="j2k", bitspersample=bits))


def _rle(frame: Pixels) -> bytes:
    from rle.utils import encode_pixel_data

    samples = frame.shape[2] if frame.ndim == 3 else 1
    options = {"rows": frame.shape[0], "columns": frame.shape[1], "samples_per_pixel": samples}
    data = frame.tobytes()
    return bytes(
        encode_pixel_data(data, bits_allocated=frame.dtype.itemsize * 8, number_of_frames=1, **options, byteorder="<")
    )
