"""The decoders of compressed frames, as they run in the child process (see `imaging.read.child`).

pydicom is not needed here, and not imported: the child is to be ready soon.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from imaging.image import Pixels
from imaging.read.codestream import Family


@dataclass(frozen=True, slots=True)
class Job:
    """A frame to decode. Its `data` come out as rows x columns x samples of `sample_bytes` bytes each.

    `packed_bytes` is the length of the frame as uncompressed pixel data, which RLE and deflated frames are.
    """

    family: Family
    data: bytes
    rows: int
    columns: int
    samples: int
    sample_bytes: int
    packed_bytes: int


def load() -> None:
    """Import all decoders, so that no frame waits for them."""
    import imagecodecs
    import jpeg_ls
    import openjpeg
    import rle.utils

    for module in (imagecodecs.jpeg8_decode, jpeg_ls.decode_buffer, openjpeg.decode, rle.utils.decode_frame):
        assert callable(module)


def decode_job(job: Job) -> Pixels:
    """The frame as a contiguous array: little endian unsigned containers [H, W, samples], colours as they are stored.

    RLE and deflated frames come as bytes [N], laid out as uncompressed pixel data (RLE by planes). Raises whatever
    the decoders raise, and ValueError where the result has another size than the job says, or deeper samples.
    """
    if job.family == "rle":
        return _exactly(_decode_rle(job), job.packed_bytes)
    if job.family == "deflate":
        return _exactly(zlib.decompressobj(-zlib.MAX_WBITS).decompress(job.data, job.packed_bytes), job.packed_bytes)
    decoded = _decode_picture(job)
    if decoded.size != job.rows * job.columns * job.samples or decoded.shape[:2] != (job.rows, job.columns):
        raise ValueError(f"decoded to {decoded.shape}")
    # JPEG XL says its depth to nobody but its decoder: deeper samples would be wrapped around by the cast.
    if decoded.dtype.kind not in "iu" or decoded.dtype.itemsize > job.sample_bytes:
        raise ValueError(f"decoded to {decoded.dtype}")
    container: Pixels = decoded.astype(f"<u{job.sample_bytes}", copy=False)
    return np.ascontiguousarray(container.reshape(job.rows, job.columns, job.samples))


def _decode_picture(job: Job) -> Pixels:
    if job.family == "jpeg_2000":
        import openjpeg

        return np.asarray(openjpeg.decode(job.data))
    if job.family == "jpeg_ls":
        return _decode_jpeg_ls(job.data)
    import imagecodecs

    if job.family == "jpeg_xl":
        return np.asarray(imagecodecs.jpegxl_decode(job.data))
    return _decode_jpeg(job)


def _decode_jpeg(job: Job) -> Pixels:
    """All of ISO 10918-1 that libjpeg-turbo reads: 8 and 12 bits with loss, 2 to 16 bits without.

    Naming the colour space on both sides keeps libjpeg from converting; the DICOM side does that where it is due.
    """
    import imagecodecs

    if job.samples == 1:
        return np.asarray(imagecodecs.jpeg8_decode(job.data))
    return np.asarray(imagecodecs.jpeg8_decode(job.data, colorspace="YCBCR", outcolorspace="YCBCR"))


def _decode_jpeg_ls(data: bytes) -> Pixels:
    import jpeg_ls

    decoded, meta = jpeg_ls.decode_buffer(data)
    samples, rows, columns = meta["components"], meta["height"], meta["width"]
    kind = "<u1" if meta["bits_per_sample"] <= 8 else "<u2"
    flat = np.frombuffer(decoded, kind)
    if samples > 1 and meta["interleave_mode"] == 0:
        return np.moveaxis(flat.reshape(samples, rows, columns), 0, -1)
    return flat.reshape(rows, columns, samples)


def _decode_rle(job: Job) -> bytes:
    """RLE (PS3.5 annex G): byte planes, decoded to sample planes in little endian."""
    import rle.utils

    if job.packed_bytes == job.rows * job.columns * job.samples * job.sample_bytes:
        return bytes(rle.utils.decode_frame(job.data, job.rows * job.columns, job.sample_bytes * 8, "<"))
    return bytes(rle.utils.decode_frame(job.data, job.packed_bytes, 8, "<"))  # single bits, packed in bytes


def _exactly(data: bytes, length: int) -> Pixels:
    if len(data) < length:
        raise ValueError(f"decoded to {len(data)} of {length} bytes")
    return np.frombuffer(data, np.uint8, count=length)
