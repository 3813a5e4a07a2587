"""A film made ready to paint, off the window's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imaging.image import DecodedImage, Voi
    from imaging.show.pyramid import Pyramid


@dataclass(frozen=True, slots=True, eq=False)
class PreparedFilm:
    """A decoded film, its reduced levels, the VOI it opens with, and the levels of what the file draws over it."""

    image: DecodedImage
    pyramid: Pyramid
    voi: Voi
    graphics: Pyramid | None = None

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width of the pixels."""
        return int(self.image.pixels.shape[0]), int(self.image.pixels.shape[1])


def prepare(image: DecodedImage) -> PreparedFilm:
    """Build the pyramid and find the default VOI. Takes tens of milliseconds for a large film: run it on a worker."""
    from imaging.show.pyramid import Pyramid
    from imaging.show.window import default_voi

    graphics = Pyramid.of_pixels(image.graphics.mask()) if image.graphics is not None else None
    return PreparedFilm(image, Pyramid.of(image), default_voi(image), graphics)
