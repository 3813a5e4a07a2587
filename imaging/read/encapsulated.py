"""Compressed pixel data (PS3.5 A.4): taking out one frame, checking it against the header, having it decoded."""

from __future__ import annotations

from imaging.image import Pixels
from imaging.read import refuse
from imaging.read.dataset import DicomFile, PixelElement
from imaging.read.layout import Layout
from imaging.read.limits import Limits


def read_encapsulated(
    film: DicomFile, element: PixelElement, layout: Layout, frame: int, limits: Limits
) -> tuple[Pixels, Layout]:
    """One frame as stored, [H, W] or [H, W, samples], and the layout that the decoder has given it."""
    raise refuse.unsupported("compressed data")
