"""What one painting of the view shows, as values: the film, the overlay on it, letters and corners over both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gui.viewport.corner_text import Corners
from gui.viewport.prepared import PreparedFilm
from imaging.show.orientation import EdgeLetters
from imaging.show.transform import ViewTransform

if TYPE_CHECKING:
    from imaging.heatmap import GridRect, Heatmap
    from imaging.show.pyramid import Pyramid
    from imaging.show.table import DisplayTable


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A film as it is to be seen. `table` and `film` are compared by identity."""

    film: PreparedFilm
    table: DisplayTable
    transform: ViewTransform


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """What is painted over the film. `threshold` is the heat threshold, 0 to 1; `opacity` 0 to 1."""

    heatmap: Heatmap
    threshold: float
    opacity: float


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything that one painting needs. `graphics` is what the file draws, None where that is hidden; `outline` a
    frame in shares of the film's sides.
    """

    shown: Shown
    overlay: Overlay | None = None
    graphics: Pyramid | None = None
    outline: GridRect | None = None
    corners: Corners = field(default_factory=Corners)
    letters: EdgeLetters = field(default_factory=EdgeLetters)
