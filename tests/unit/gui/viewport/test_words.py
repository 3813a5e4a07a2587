from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gui.viewport.corner_text import RESEARCH_USE
from gui.viewport.prepared import PreparedFilm
from gui.viewport.readout import CursorReadout, readout_at
from gui.viewport.words import MIRRORED, display_words, mark_words, size_words, voi_words
from imaging.image import Graphics, Header, ModalityLut, Rescale, Spacing, VoiLut, Window

MakeFilm = Callable[..., PreparedFilm]


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(2048, 3300), "C 2048 W 3300"),
        (Window(0.3125, 0.5), "C 0.312 W 0.5"),
        (Window(40, 400, "LINEAR", "automatic"), "C 40 W 400 · automatic"),
    ],
)
def test_a_window_in_words(window: Window, words: str) -> None:
    assert voi_words(window) == words


def test_a_lut_goes_by_its_name() -> None:
    values = np.arange(4, dtype=np.uint16)
    assert voi_words(VoiLut(0, 2, values, "Bone")) == "Bone"
    assert voi_words(VoiLut(0, 2, values)) == "VOI LUT"


def test_film_window_zoom() -> None:
    lines = display_words("Film 3 of 40", Window(2048, 3300), 0.684, inverted=True)
    assert lines == ("Film 3 of 40", "C 2048 W 3300 · 68 % · inverted")
    assert display_words("", Window(2048, 3300), 1.0, inverted=False, quarters=3) == (
        "C 2048 W 3300 · 100 % · turned 270°",
    )


@pytest.mark.parametrize(
    ("spacing", "aspect", "words"),
    [
        (None, 1.0, ""),
        (None, 4 / 3, "Pixels 1.33 times as tall as wide"),
        (Spacing(0.143, 0.143, "detector"), 1.0, "0.143 mm a pixel at detector"),
        (Spacing(0.2, 0.1, "stated"), 2.0, "0.2 × 0.1 mm a pixel as stated, plane unknown"),
        (Spacing(0.5, 0.5, "calibrated", "FIDUCIAL"), 1.0, "0.5 mm a pixel calibrated by a known object"),
        (
            Spacing(0.13, 0.13, "magnified", magnification=1.1),
            1.0,
            "0.13 mm a pixel magnified 1.1 times at the detector",
        ),
        (Spacing(0.6, 0.6, "patient"), 1.0, "0.6 mm a pixel in the patient"),
    ],
)
def test_millimetres_come_with_their_plane(
    make_film: MakeFilm, spacing: Spacing | None, aspect: float, words: str
) -> None:
    assert size_words(make_film(spacing=spacing, pixel_aspect=aspect).image) == words


def test_graphics_that_are_hidden_are_told(make_film: MakeFilm) -> None:
    drawn = make_film(graphics=Graphics(np.ones((300, 50), np.uint8), 400)).image
    assert mark_words(drawn, ai_visible=False) == ()
    assert mark_words(drawn, ai_visible=False, graphics_shown=False) == ("The file's graphics are hidden",)
    assert mark_words(make_film().image, ai_visible=False, graphics_shown=False) == ()


def test_marks(make_film: MakeFilm) -> None:
    assert mark_words(make_film().image, ai_visible=False) == ()
    assert mark_words(make_film().image, ai_visible=False, mirrored=True) == (MIRRORED,)
    holed = make_film(header=Header(lossy="Lossy", icc=True), complete=0.999).image
    profile = "ICC profile, not applied"
    assert mark_words(holed, ai_visible=True) == (
        "Lossy",
        profile,
        "Incomplete file: 99 % of the picture",
        RESEARCH_USE,
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "0"),
        ({"modality": Rescale(0.5, 0.25)}, "0.25"),
        ({"modality": ModalityLut(0, 8, np.array([77, 78], np.uint16))}, "77"),
        ({"pixels": np.full((3, 3), np.nan, np.float32), "bits": 32}, "–"),
        ({"pixels": np.full((3, 3, 3), 9, np.uint8), "bits": 8}, "9 9 9"),
    ],
)
def test_the_value_under_the_cursor(make_film: MakeFilm, fields: dict[str, Any], text: str) -> None:
    assert readout_at(make_film(**fields).image, 0.2, 0.9) == CursorReadout(0, 0, text)


@pytest.mark.parametrize("point", [(-0.1, 5.0), (400.0, 5.0), (5.0, 300.0)])
def test_beside_the_film_there_is_none(make_film: MakeFilm, point: tuple[float, float]) -> None:
    assert readout_at(make_film().image, *point) is None
