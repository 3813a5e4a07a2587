"""The decoders of compressed frames, as they run in the child process (see `imaging.read.child`).

pydicom is not needed here, and not imported: the child is to be ready soon.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, cast

import numpy as np

from imaging.image import Pixels
from imaging.read.answer import share
from imaging.read.codestream import Family, is_high_throughput, padded_to_its_end
from imaging.read.limits import Limits
from imaging.read.packbits import decode_rle

_HEADER_BYTES = 4096
_THREADS = min(4, os.cpu_count() or 1)  # of one picture, where a decoder can divide it


class Job(NamedTuple):  # which crosses over in a third of a dataclass's time
    """A frame to decode. It comes out as rows x columns x samples of `sample_bytes` bytes each.

    `bits` and `signed` are what a codestream says of its samples, as far as it does.
    `packed_bytes` is the length of the frame as uncompressed pixel data, which RLE and deflated frames are.
    `is_cut` says that its data end early, and that what they hold is wanted.
    """

    family: Family
    rows: int
    columns: int
    samples: int
    sample_bytes: int
    bits: int = 0
    signed: bool = False
    packed_bytes: int = 0
    is_cut: bool = False

    def decode(self, data: memoryview, _limits: Limits, out: Pixels) -> float:
        """See `decode_job`."""
        return decode_job(self, data, out)

    def heard(self, told: Any) -> float:
        return share(told)

    @property
    def result_bytes(self) -> int:
        return self.packed_bytes or self.rows * self.columns * self.samples * self.sample_bytes


def load() -> None:
    """Import all decoders, so that no frame waits for them."""
    import imagecodecs
    import jpeg_ls

    for decoder in (
        *(imagecodecs.jpeg8_decode, imagecodecs.jpeg2k_decode, imagecodecs.jpegls_decode, imagecodecs.jpegxl_decode),
        *(imagecodecs.packbits_decode, imagecodecs.deflate_decode, imagecodecs.htj2k_decode, jpeg_ls.decode_buffer),
    ):
        assert callable(decoder)


def decode_job(job: Job, data: memoryview, out: Pixels) -> float:
    """Decode `data` into `out`, uint8 [result_bytes], and say which share of it is picture; the rest is zero.

    `out` may hold an older film before: all of it is written, or an error raised.

    The frame is written as little endian unsigned containers [H, W, samples], colours as they are stored; RLE and
    deflated frames laid out as uncompressed pixel data (RLE by planes). The share is 1.0, but for a job that is cut:
    of a cut JPEG 2000 the whole picture is there, less sharp, and the share is 1.0 too. Raises whatever the decoders
    raise, and ValueError where the result has another size than the job says, or deeper samples.
    """
    if job.family == "rle":
        return decode_rle(data, job.rows * job.columns, job.samples, job.sample_bytes, out, is_cut=job.is_cut)
    if job.family == "deflate":
        return _inflate(job, data, out)
    frame = out.view(f"<u{job.sample_bytes}").reshape(job.rows, job.columns, job.samples)
    decoders: dict[Family, Callable[[Job, memoryview, Pixels], float]] = {
        "jpeg_2000": _decode_jpeg_2000,
        "jpeg_ls": _decode_jpeg_ls,
        "jpeg_xl": _decode_jpeg_xl,
        "jpeg": _decode_jpeg,
    }
    return decoders[job.family](job, data, frame)


def _inflate(job: Job, data: memoryview, out: Pixels) -> float:
    import imagecodecs

    if not job.is_cut:
        with suppress(imagecodecs.DeflateError):  # as zlib below, in a third of the time; not behind the frame's end
            if len(imagecodecs.deflate_decode(cast(bytes, data), raw=True, out=out.data)) == job.packed_bytes:
                return 1.0
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, job.packed_bytes)
    if len(inflated) < job.packed_bytes and not job.is_cut:
        raise ValueError(f"inflated to {len(inflated)} of {job.packed_bytes} bytes")
    out[: len(inflated)] = np.frombuffer(inflated, np.uint8)
    out[len(inflated) :] = 0
    return len(inflated) / job.packed_bytes


def _own_array(job: Job, frame: Pixels) -> Pixels:
    """What the decoder of a codestream can write to, [H, W] or [H, W, samples]: `frame` itself where that fits."""
    own_bytes = job.sample_bytes if not job.bits else 1 if job.bits <= 8 else 2 if job.bits <= 16 else 4
    own = np.dtype(f"{'i' if job.signed else 'u'}{own_bytes}")
    straight = frame.view(own) if own_bytes == job.sample_bytes else np.empty(frame.shape, own)
    return straight[..., 0] if job.samples == 1 else straight


def _put(decoded: Pixels, frame: Pixels) -> None:
    """Put a decoder's own array into `frame`, which has the shape and the depth that the header wants."""
    if np.may_share_memory(decoded, frame):
        return
    if decoded.size != frame.size or decoded.shape[:2] != frame.shape[:2]:
        raise ValueError(f"decoded to {decoded.shape}")
    # JPEG XL says its depth to nobody but its decoder: deeper samples would be wrapped around by the cast.
    if decoded.dtype.kind not in "iu" or decoded.dtype.itemsize > frame.dtype.itemsize:
        raise ValueError(f"decoded to {decoded.dtype}")
    frame[...] = decoded.reshape(frame.shape).astype(frame.dtype, copy=False)


def _decode_into(job: Job, frame: Pixels, decoder: Callable[..., Pixels], data: bytes | memoryview, **how: Any) -> None:
    """Have imagecodecs decode right into `frame`, or into an array of its own where the frame is of another kind."""
    try:
        _put(np.asarray(decoder(data, out=_own_array(job, frame), **how)), frame)
    except ValueError:  # not what the codestream says of itself
        _put(np.asarray(decoder(data, **how)), frame)


def _decode_jpeg_2000(job: Job, data: memoryview, frame: Pixels) -> float:
    import imagecodecs

    if job.is_cut and is_high_throughput(bytes(data[:_HEADER_BYTES])):
        _put(_as_far_as_it_goes(data), frame)
        return 1.0
    whole = padded_to_its_end(bytes(data)) if job.is_cut else data
    _decode_into(job, frame, imagecodecs.jpeg2k_decode, whole, numthreads=_THREADS)
    return 1.0


def _as_far_as_it_goes(data: memoryview) -> Pixels:
    """An HTJ2K picture that ends early, by OpenJPH: OpenJPEG gives nothing of it. Raises ValueError.

    imagecodecs loses what OpenJPH raises while rows are taken out; Python's own hooks hear of it.
    """
    import imagecodecs

    lost: list[object] = []
    hooks = sys.excepthook, sys.unraisablehook
    sys.excepthook, sys.unraisablehook = lambda *_: None, lambda failure: lost.append(failure.exc_type)
    try:
        decoded = np.asarray(imagecodecs.htj2k_decode(cast(bytes, data), resilient=True))
    finally:
        sys.excepthook, sys.unraisablehook = hooks
    if lost:
        raise ValueError(f"OpenJPH: {lost[0]}")
    return decoded


def _decode_jpeg_xl(job: Job, data: memoryview, frame: Pixels) -> float:
    import imagecodecs

    if job.is_cut:
        return _decode_cut_jpeg_xl(job, data, frame)
    _decode_into(job, frame, imagecodecs.jpegxl_decode, data, numthreads=_THREADS)
    return 1.0


def _decode_cut_jpeg_xl(job: Job, data: memoryview, frame: Pixels) -> float:
    """The rows that are there: libjxl has written its groups (of 256 x 256) as far as they went when it gives up.

    What it wrote is what comes out the same over zeros and over ones.
    """
    import imagecodecs

    own = _own_array(job, frame)
    over = [np.full_like(own, fill) for fill in (0, np.iinfo(own.dtype).max)]
    for out in over:
        with suppress(imagecodecs.JpegxlError):  # it wants more data
            imagecodecs.jpegxl_decode(cast(bytes, data), numthreads=_THREADS, out=out)
    missing = (over[0] != over[1]).reshape(frame.shape[0], -1).any(axis=1)
    rows = int(np.argmax(missing)) if missing.any() else frame.shape[0]
    if not rows:
        raise ValueError("no row of groups")
    _put(over[0], frame)
    return _keep_rows(frame, rows)


def _decode_jpeg(job: Job, data: memoryview, frame: Pixels) -> float:
    """All of ISO 10918-1 that libjpeg-turbo reads: 8 and 12 bits with loss, 2 to 16 bits without.

    Naming the colour space on both sides keeps libjpeg from converting; the DICOM side does that where it is due.
    libjpeg fills what is missing with the last value that it knew, or repeats the last row: of a cut frame, what is
    above the last change between two rows is picture.
    """
    import imagecodecs

    colours = None if job.samples == 1 else "YCBCR"
    _decode_into(job, frame, imagecodecs.jpeg8_decode, data, colorspace=colours, outcolorspace=colours)
    if not job.is_cut:
        return 1.0
    changes = np.flatnonzero((frame[1:] != frame[:-1]).any(axis=(1, 2)))
    return _keep_rows(frame, int(changes[-1]) if changes.size else 0)


def _keep_rows(frame: Pixels, rows: int) -> float:
    """Only the upper `rows` are picture."""
    frame[rows:] = 0
    return rows / int(frame.shape[0])


def _decode_jpeg_ls(job: Job, data: memoryview, frame: Pixels) -> float:
    if job.samples > 1:
        if job.is_cut:  # pyjpegls gives nothing of it, and may take a minute to say so
            raise ValueError("colours that end early")
        _put(_planes_of_jpeg_ls(data), frame)
        return 1.0
    import imagecodecs

    target = _own_array(job, frame)
    if not job.is_cut:
        imagecodecs.jpegls_decode(cast(bytes, data), out=target)
        _put(target, frame)
        return 1.0
    never = np.iinfo(target.dtype).max
    target[...] = never
    try:  # with an end: looking for what is not there, CharLS spends up to 45 seconds on 200 x 200 pixels
        imagecodecs.jpegls_decode(bytes(data) + b"\xff\xd9", out=target)
    except imagecodecs.JpeglsError:  # at the end of the data; the rows before it are decoded
        written = np.flatnonzero((target != never).any(axis=1))
        _put(target, frame)
        return _keep_rows(frame, int(written[-1]) if written.size else 0)
    return 1.0


def _planes_of_jpeg_ls(data: memoryview) -> Pixels:
    """Colours by pyjpegls, which tells how they are interleaved."""
    import jpeg_ls

    decoded, meta = jpeg_ls.decode_buffer(bytes(data))
    samples, rows, columns = meta["components"], meta["height"], meta["width"]
    flat = np.frombuffer(decoded, "<u1" if meta["bits_per_sample"] <= 8 else "<u2")
    if meta["interleave_mode"] == 0:
        return np.moveaxis(flat.reshape(samples, rows, columns), 0, -1)
    return flat.reshape(rows, columns, samples)
