"""Which side of the patient lies at which side of the view (PS3.3 C.7.6.1.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imaging.image import Header
    from imaging.show.transform import Point, ViewTransform

_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}


@dataclass(frozen=True, slots=True)
class EdgeLetters:
    """Letters for the four sides of the view, such as R, L, H, F or LA; empty where the file doesn't say."""

    left: str = ""
    top: str = ""
    right: str = ""
    bottom: str = ""


def edge_letters(header: Header, transform: ViewTransform) -> EdgeLetters:
    """The letters for a film seen through `transform`: they move with the film when it is turned or mirrored.

    Patient Orientation names what lies to the right and at the bottom of the stored film. A film without it gets no
    letters: to guess L and R would be worse than to leave them out.
    """
    across, down = (_valid(letters) for letters in header.orientation)

    def towards(direction_view: Point) -> str:
        x, y = transform.direction_to_image(direction_view)
        letters, forward = (across, x > 0) if x else (down, y > 0)
        return letters if forward else opposite(letters)

    return EdgeLetters(towards((-1, 0)), towards((0, -1)), towards((1, 0)), towards((0, 1)))


def opposite(letters: str) -> str:
    """The direction turned round: R for L, RP for LA."""
    return "".join(_OPPOSITE[letter] for letter in letters)


def _valid(letters: str) -> str:
    return letters if set(letters) <= _OPPOSITE.keys() else ""
