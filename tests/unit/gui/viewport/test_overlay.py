from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage

from gui.viewport.film_view import FilmView
from gui.viewport.prepared import PreparedFilm
from gui.viewport.scene import Overlay
from imaging.heatmap import Heatmap

MakeFilm = Callable[..., PreparedFilm]


def _heatmap(row: int = 5, column: int = 2, value: float = 3.0) -> Heatmap:
    raw = np.zeros((8, 8), np.float32)
    raw[row, column] = value
    return Heatmap("PNEUMONIA", raw, 3.0)


def _warmth(colour: QColor) -> int:
    return colour.red() - colour.blue()


def _warm_points(view: FilmView) -> tuple[float, float, int]:
    """The middle of what is coloured, in logical pixels of the view, and how many pixels are."""
    shown = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), shown.width(), 4).astype(int)
    warm = pixels[..., 2] - pixels[..., 0] > 40
    rows, columns = np.nonzero(warm)
    return (float(columns.mean()), float(rows.mean()), len(rows)) if len(rows) else (-1.0, -1.0, 0)


@pytest.fixture
def grey_film(make_film: MakeFilm) -> PreparedFilm:
    return make_film(pixels=np.full((400, 400), 1200, np.uint16))


def test_the_heat_lies_where_the_grid_has_it(view: FilmView, grey_film: PreparedFilm) -> None:
    view.show_film(grey_film)
    view.set_overlay(Overlay(_heatmap(), 0.4, 0.6))
    x, y, count = _warm_points(view)
    expected = view.view_point((400 * 2.5 / 8, 400 * 5.5 / 8))
    assert count > 100
    assert (x, y) == pytest.approx((expected.x(), expected.y()), abs=3)


TURNS: dict[str, Callable[[FilmView], None]] = {
    "rotate": FilmView.rotate,
    "flip_horizontal": FilmView.flip_horizontal,
    "flip_vertical": FilmView.flip_vertical,
    "zoom": lambda view: view.zoom_by(1.3),
    "pan": lambda view: view.pan_by((30.0, -20.0)),
}


@pytest.mark.parametrize("square", [True, False])
@pytest.mark.parametrize("turn", TURNS)
def test_the_heat_moves_with_the_film(
    view: FilmView, grey_film: PreparedFilm, make_film: MakeFilm, turn: str, square: bool
) -> None:
    view.show_film(grey_film if square else make_film(pixels=grey_film.image.pixels, pixel_aspect=0.7))
    view.set_overlay(Overlay(_heatmap(), 0.4, 0.6))
    view.grab()
    TURNS[turn](view)
    x, y, count = _warm_points(view)
    expected = view.view_point((400 * 2.5 / 8, 400 * 5.5 / 8))
    assert count > 100
    assert (x, y) == pytest.approx((expected.x(), expected.y()), abs=3)


def test_a_higher_threshold_paints_less_and_a_lower_one_more(view: FilmView, grey_film: PreparedFilm) -> None:
    view.show_film(grey_film)
    heatmap = _heatmap()
    counts = []
    for threshold in (0.3, 0.6, 0.9):
        view.set_overlay(Overlay(heatmap, threshold, 0.6))
        counts.append(_warm_points(view)[2])
    assert counts[0] > counts[1] > counts[2] > 0


def test_opacity_changes_how_much_of_the_film_is_seen(view: FilmView, grey_film: PreparedFilm) -> None:
    view.show_film(grey_film)
    heatmap = _heatmap()
    where = view.view_point((400 * 2.5 / 8, 400 * 5.5 / 8)).toPoint()
    warmths = []
    for opacity in (0.2, 0.8):
        view.set_overlay(Overlay(heatmap, 0.4, opacity))
        warmths.append(_warmth(view.grab().toImage().pixelColor(where)))
    assert warmths[0] < warmths[1]


def test_a_cool_map_paints_nothing(view: FilmView, grey_film: PreparedFilm) -> None:
    view.show_film(grey_film)
    view.set_overlay(Overlay(_heatmap(value=0.3), 0.4, 0.6))
    assert _warm_points(view)[2] == 0


def test_the_overlay_stays_on_the_film(view: FilmView, make_film: MakeFilm) -> None:
    view.show_film(make_film(pixels=np.full((300, 100), 1200, np.uint16)))
    everything = Heatmap("PNEUMONIA", np.full((8, 8), 3.0, np.float32), 3.0)
    view.set_overlay(Overlay(everything, 0.2, 1.0))
    shown = view.grab().toImage()
    assert shown.pixelColor(60, 60) == QColor(0, 0, 0)
    inside = view.view_point((50.0, 60.0)).toPoint()
    assert _warmth(shown.pixelColor(inside)) > 40


def test_taking_the_overlay_away_leaves_the_film(view: FilmView, grey_film: PreparedFilm) -> None:
    view.show_film(grey_film)
    before = view.grab().toImage()
    view.set_overlay(Overlay(_heatmap(), 0.4, 0.6))
    assert view.grab().toImage() != before
    view.set_overlay(None)
    assert view.grab().toImage() == before


def test_another_films_map_replaces_the_first(view: FilmView, grey_film: PreparedFilm) -> None:
    view.show_film(grey_film)
    for row, column in ((5, 2), (1, 6)):
        view.set_overlay(Overlay(_heatmap(row, column), 0.4, 0.6))
        x, y, _ = _warm_points(view)
        expected = view.view_point((400 * (column + 0.5) / 8, 400 * (row + 0.5) / 8))
        assert (x, y) == pytest.approx((expected.x(), expected.y()), abs=3)


def test_the_contour_runs_at_the_threshold(view: FilmView, grey_film: PreparedFilm) -> None:
    view.show_film(grey_film)
    view.set_overlay(Overlay(_heatmap(), 0.5, 0.0))
    shown = view.grab().toImage()
    # From 1 in the cell's middle to 0 in its neighbour's, by Keys's kernel: the half is 0.545 cells away.
    middle = view.view_point((400 * 2.5 / 8, 400 * 5.5 / 8))
    edge = view.view_point((400 * (2.5 + 0.545) / 8, 400 * 5.5 / 8))
    along = [_warmth(shown.pixelColor((edge + QPointF(dx, 0)).toPoint())) for dx in (-1, 0, 1)]
    assert max(along) > 60, "with no opacity the line alone is seen"
    assert _warmth(shown.pixelColor(middle.toPoint())) < 10
