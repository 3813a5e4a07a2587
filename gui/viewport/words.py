"""What the view says of itself in the corners: window, zoom, and the marks a reader must not miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.viewport.corner_text import RESEARCH_USE

if TYPE_CHECKING:
    from imaging.image import DecodedImage, Spacing, Voi


MIRRORED = "Mirrored"


def voi_words(voi: Voi) -> str:
    """'C 2048 W 3300 · automatic', with the explanation where the file gives one; a VOI LUT by its name."""
    from imaging.image import Window

    if not isinstance(voi, Window):
        return voi.explanation or "VOI LUT"
    numbers = f"C {_figure(voi.center)} W {_figure(voi.width)}"
    return f"{numbers} · {voi.explanation}" if voi.explanation else numbers


def display_words(
    position: str, voi: Voi, zoom: float, *, inverted: bool, size: str = "", quarters: int = 0
) -> tuple[str, ...]:
    """The lines bottom left. `zoom` is device pixels of the view a pixel of the film, `size` what `size_words` says,
    `quarters` how far the film is turned clockwise.
    """
    turned = [f"turned {90 * quarters}°"] if quarters else []
    state = [voi_words(voi), f"{zoom * 100:.0f} %", *(["inverted"] if inverted else []), *turned]
    return (*(line for line in (position, size) if line), " · ".join(state))


def size_words(image: DecodedImage) -> str:
    """'0.143 mm a pixel at detector': never millimetres without where they come from. Empty where there are none."""
    spacing = image.spacing
    if spacing is None:
        return "" if image.pixel_aspect == 1.0 else f"Pixels {image.pixel_aspect:.3g} times as tall as wide"
    sides = f"{spacing.row_mm:.3g}"
    if image.pixel_aspect != 1.0:
        sides += f" × {spacing.column_mm:.3g}"
    return f"{sides} mm a pixel {_plane(spacing)}"


def _plane(spacing: Spacing) -> str:
    match spacing.source:
        case "patient":
            return "in the patient"
        case "calibrated":
            ways = {"GEOMETRY": "calibrated by geometry", "FIDUCIAL": "calibrated by a known object"}
            return ways.get(spacing.calibration, "calibrated")
        case "magnified":
            return f"magnified {spacing.magnification:.3g} times at the detector"
        case "stated":
            return "as stated, plane unknown"
        case "user":
            return "calibrated by user"
        case _:
            return f"at {spacing.source}"


def mark_words(
    image: DecodedImage, *, ai_visible: bool, graphics_shown: bool = True, mirrored: bool = False
) -> tuple[str, ...]:
    """The lines bottom right that stay in every mode. A film that the reader has `mirrored` says so: where its file
    does not tell left from right, no letter does.
    """
    marks = [MIRRORED] if mirrored else []
    if image.header.lossy:
        marks.append(image.header.lossy)
    if image.header.icc:
        marks.append("ICC profile, not applied")
    if image.graphics is not None and not graphics_shown:
        marks.append("The file's graphics are hidden")
    if image.complete < 1.0:
        # Rounded down, so that a file with a hole never reads '100 %'.
        marks.append(f"Incomplete file: {int(image.complete * 100)} % of the picture")
    if ai_visible:
        marks.append(RESEARCH_USE)
    return tuple(marks)


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.3g}"
