"""How the pixel data of a DICOM file are laid out: the Image Pixel module (PS3.3 C.7.6.3), checked."""

from __future__ import annotations

from dataclasses import dataclass

from imaging.read import refuse
from imaging.read.limits import Limits
from imaging.read.values import Elements, integer, text

_FLOATING = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows, columns and frames in pixels; bits as in the header; `photometric` in capitals, '' where absent."""

    rows: int
    columns: int
    samples: int
    frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    planar: bool
    floating: bool
    photometric: str

    @property
    def sample_bytes(self) -> int:
        """Bytes of one decoded sample: the smallest container of its bits."""
        return next(size for size in (1, 2, 4, 8) if self.bits_allocated <= 8 * size)

    @property
    def is_packed(self) -> bool:
        """Whether samples are not whole containers: single bits, 12 bits as old plates have them."""
        return self.bits_allocated != 8 * self.sample_bytes

    @property
    def is_colour(self) -> bool:
        return self.samples > 1 or self.photometric == "PALETTE COLOR"

    @property
    def is_halved(self) -> bool:
        """Whether uncompressed frames hold the chrominance of two neighbours once (PS3.3 C.7.6.3.1.2)."""
        return self.samples == 3 and self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422")


def frame_count(dataset: Elements, limits: Limits) -> int:
    """Number of Frames, one where it is absent or no number. Raises FilmError TOO_LARGE."""
    frames = max(integer(dataset, "NumberOfFrames", 1), 1)
    refuse.check_frames(frames, limits)
    return frames


def read_layout(dataset: Elements, keyword: str, limits: Limits) -> Layout:
    """Read and check the layout. Raises FilmError CORRUPT, UNSUPPORTED, TOO_SMALL or TOO_LARGE.

    `keyword` is the element that holds the pixels. Nothing is allocated before this has passed.
    """
    rows, columns = integer(dataset, "Rows", 0), integer(dataset, "Columns", 0)
    if rows <= 0 or columns <= 0:
        raise refuse.corrupt("no Rows or Columns")
    floating = keyword in _FLOATING
    allocated = _FLOATING.get(keyword) or integer(dataset, "BitsAllocated", 0)
    samples = integer(dataset, "SamplesPerPixel", 1)
    if not (1 <= allocated <= 32 or floating):
        raise refuse.unsupported(f"samples of {allocated} bits")
    if samples not in (1, 3):
        raise refuse.unsupported(f"pixels of {samples} samples")
    refuse.check_size(rows, columns, max((allocated + 7) // 8, 1), samples, limits)
    frames = frame_count(dataset, limits)
    stored = integer(dataset, "BitsStored", allocated)
    stored = stored if 0 < stored <= allocated else allocated
    high = integer(dataset, "HighBit", stored - 1)
    return Layout(
        rows=rows,
        columns=columns,
        samples=samples,
        frames=frames,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high if stored - 1 <= high < allocated else stored - 1,
        signed=integer(dataset, "PixelRepresentation", 0) == 1 and not floating and allocated > 1,
        planar=samples > 1 and integer(dataset, "PlanarConfiguration", 0) == 1,
        floating=floating,
        photometric=text(dataset, "PhotometricInterpretation").upper(),
    )
