"""Films with known pixels, and a real view on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.viewport.film_view import FilmView
from gui.viewport.prepared import PreparedFilm, prepare
from imaging.image import DecodedImage, Header, Rescale, Window
from imaging.study import ImageRef

MakeFilm = Callable[..., PreparedFilm]


@pytest.fixture
def make_film() -> MakeFilm:
    """Make a film of (height, width): a ramp of stored values from 0 (left) to 4000 (right), 12 bits."""

    def make(height: int = 300, width: int = 400, **fields: Any) -> PreparedFilm:
        ramp = np.linspace(0, 4000, width).round().astype(np.uint16)
        given: dict[str, Any] = {
            "pixels": np.tile(ramp, (height, 1)),
            "bits": 12,
            "voi": (Window(2000.0, 4001.0),),
            "modality": Rescale(),
            "header": Header(orientation=("L", "F")),
        }
        return prepare(DecodedImage(ImageRef(Path("film.dcm")), **{**given, **fields}))

    return make


@pytest.fixture
def view(themed: QApplication, qtbot: QtBot) -> FilmView:
    """A view of 400 x 300 in a real window."""
    made = FilmView()
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.set_text_mode("off")
    with qtbot.waitExposed(made):
        made.show()
    return made


def painted(view: FilmView) -> QImage:
    """What the view shows, in device pixels."""
    return view.grab().toImage()


@pytest.fixture
def grey_at(view: FilmView) -> Callable[[int, int], int]:
    """The lightness of a pixel of the view."""
    return lambda x, y: painted(view).pixelColor(x, y).lightness()
