"""`ViewTransform`: how the film lies in the view.

Image points are continuous pixels (x, y): the centre of the first pixel is (0.5, 0.5). View points are pixels of the
view in the same manner. Sizes are (height, width), as the shapes of arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

Point = tuple[float, float]
Size = tuple[int, int]

MIN_SCALE = 1.0 / 64.0
MAX_SCALE = 64.0


@dataclass(frozen=True, slots=True)
class ViewTransform:
    """`scale` view pixels to the width of an image pixel; `center_image_px` lies in the middle of the view.

    The film is first mirrored left to right if `flip_horizontal`, then turned clockwise by `rotation_quarter` quarters.
    `aspect` is the height of an image pixel over its width: `scale * aspect` view pixels to its height.
    """

    scale: float = 1.0
    center_image_px: Point = (0.0, 0.0)
    rotation_quarter: int = 0
    flip_horizontal: bool = False
    aspect: float = 1.0

    @property
    def zoom(self) -> float:
        """View pixels to the shorter side of an image pixel: from 1 on, no pixel of the film is left out."""
        return self.scale * min(self.aspect, 1.0)

    def image_to_view(self, point_px: Point, view_size_px: Size) -> Point:
        """Where an image point is seen."""
        x, y = point_px[0] - self.center_image_px[0], point_px[1] - self.center_image_px[1]
        x, y = self.direction_to_view((x, y * self.aspect))
        return view_size_px[1] / 2.0 + self.scale * x, view_size_px[0] / 2.0 + self.scale * y

    def view_to_image(self, point_view: Point, view_size_px: Size) -> Point:
        """Which image point is seen there; it may lie beyond the film."""
        x = (point_view[0] - view_size_px[1] / 2.0) / self.scale
        y = (point_view[1] - view_size_px[0] / 2.0) / self.scale
        x, y = self.direction_to_image((x, y))
        return self.center_image_px[0] + x, self.center_image_px[1] + y / self.aspect

    def direction_to_view(self, direction: Point) -> Point:
        """A direction on the film as it is seen, without scale and aspect."""
        x, y = direction
        return _turned((-x if self.flip_horizontal else x, y), self.rotation_quarter)

    def direction_to_image(self, direction: Point) -> Point:
        """A direction in the view as it lies on the film, without scale and aspect."""
        x, y = _turned(direction, -self.rotation_quarter)
        return (-x if self.flip_horizontal else x), y

    def zoomed_at(self, point_view: Point, factor: float, view_size_px: Size) -> ViewTransform:
        """Zoomed by `factor` within the limits, with the film under `point_view` staying where it is."""
        scale = min(max(self.scale * factor, MIN_SCALE), MAX_SCALE)
        held = self.view_to_image(point_view, view_size_px)
        moved = replace(self, scale=scale).view_to_image(point_view, view_size_px)
        x, y = self.center_image_px
        return replace(self, scale=scale, center_image_px=(x + held[0] - moved[0], y + held[1] - moved[1]))

    def panned(self, delta_view: Point) -> ViewTransform:
        """The film moved by so many view pixels."""
        x, y = self.direction_to_image((delta_view[0] / self.scale, delta_view[1] / self.scale))
        return replace(self, center_image_px=(self.center_image_px[0] - x, self.center_image_px[1] - y / self.aspect))

    def rotated(self, quarters: int) -> ViewTransform:
        """Turned clockwise as seen, about the middle of the view."""
        return replace(self, rotation_quarter=(self.rotation_quarter + quarters) % 4)

    def flipped_horizontal(self) -> ViewTransform:
        """Mirrored left to right as seen."""
        return replace(self, rotation_quarter=-self.rotation_quarter % 4, flip_horizontal=not self.flip_horizontal)

    def flipped_vertical(self) -> ViewTransform:
        """Mirrored top to bottom as seen."""
        return self.flipped_horizontal().rotated(2)

    def fit(self, image_size_px: Size, view_size_px: Size) -> ViewTransform:
        """The whole film as large as the view allows, lying as it lies."""
        return self._centred(image_size_px, min(self._ratios(image_size_px, view_size_px)))

    def fill(self, image_size_px: Size, view_size_px: Size) -> ViewTransform:
        """No part of the view without film."""
        return self._centred(image_size_px, max(self._ratios(image_size_px, view_size_px)))

    def one_to_one(self) -> ViewTransform:
        """One view pixel to the shorter side of an image pixel, with the middle of the view staying where it is."""
        return replace(self, scale=1.0 / min(self.aspect, 1.0))

    def _centred(self, image_size_px: Size, scale: float) -> ViewTransform:
        limited = min(max(scale, MIN_SCALE), MAX_SCALE)
        return replace(self, scale=limited, center_image_px=(image_size_px[1] / 2.0, image_size_px[0] / 2.0))

    def _ratios(self, image_size_px: Size, view_size_px: Size) -> tuple[float, float]:
        shown = (image_size_px[0] * self.aspect, float(image_size_px[1]))
        height, width = shown if self.rotation_quarter % 2 == 0 else shown[::-1]
        return max(view_size_px[0], 1) / height, max(view_size_px[1], 1) / width


def fitted(image_size_px: Size, view_size_px: Size, aspect: float = 1.0) -> ViewTransform:
    """The film as it was stored, fitted into the view."""
    return ViewTransform(aspect=aspect).fit(image_size_px, view_size_px)


def _turned(direction: Point, quarters: int) -> Point:
    """Clockwise, with y down: exact, without sines."""
    x, y = direction
    return ((x, y), (-y, x), (-x, -y), (y, -x))[quarters % 4]
