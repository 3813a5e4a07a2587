"""One frame as its file holds it."""

from __future__ import annotations

from dataclasses import dataclass

from imaging.image import Pixels
from imaging.read.layout import Layout


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """[H, W] or [H, W, samples] as stored, with the layout that the frame truly has.

    `complete` is the share of the picture that the file holds, `filled` how much of the array is picture: from the top
    down, the rest being zero. They differ where a picture that is cut short comes whole and less sharp.
    """

    pixels: Pixels
    layout: Layout
    complete: float = 1.0
    filled: float = 1.0
