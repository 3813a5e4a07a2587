"""The heat map lies where its cells lie, on the card's scale."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.heatmap import GridRect, Heatmap
from imaging.show.heatmap import COLOURS, colour_table, contour, on_film


def heatmap(raw: list[list[float]], scale: float = 1.0, rect: GridRect | None = None) -> Heatmap:
    return Heatmap("OPACITY", np.array(raw, dtype=np.float32), scale, rect or GridRect())


def peak(cells: int = 7, row: int = 2, column: int = 5) -> Heatmap:
    raw = np.zeros((cells, cells))
    raw[row, column] = 1.0
    return heatmap(raw.tolist())


def test_a_cell_lies_over_its_share_of_the_film() -> None:
    shown = on_film(peak(), (700, 1400))
    assert shown[250, 1100] == shown.max() >= 253
    assert shown[250, 1100 + 200] <= 2
    assert shown[250, 1100 + 100] == pytest.approx(127.5, abs=2)


def test_values_are_on_the_cards_scale_and_clipped() -> None:
    assert on_film(heatmap([[2.0, 2.0], [2.0, 2.0]], scale=4.0), (9, 9)).tolist() == [[128] * 9] * 9
    assert on_film(heatmap([[9.0]], scale=4.0), (3, 3)).max() == 255
    assert on_film(heatmap([[-9.0]], scale=4.0), (3, 3)).max() == 0


def test_a_padded_film_shows_the_middle_of_the_grid_and_a_cropped_one_nothing_outside_it() -> None:
    raw = [[0.0, 1.0, 1.0, 0.0]] * 4
    padded = on_film(heatmap(raw, rect=GridRect(left=-0.5, top=0.0, width=2.0, height=1.0)), (40, 40))
    assert padded[:, 10:30].min() == 255
    assert padded[:, 0].max() == pytest.approx(255 * 0.525, abs=1)
    cropped = on_film(heatmap([[1.0]], rect=GridRect(left=0.25, top=0.0, width=0.5, height=1.0)), (40, 40))
    assert cropped[:, :10].max() == 0
    assert cropped[:, 10:30].min() == 255


def test_what_is_below_the_threshold_is_transparent() -> None:
    table = colour_table(0.4, 0.6)
    assert table.shape == (256, 4)
    assert table[:102, 3].max() == 0
    assert table[102, 3] == 153
    assert np.array_equal(table[:, :3], COLOURS)


def test_a_cool_film_is_not_veiled_and_opacity_is_the_limit() -> None:
    assert colour_table(0.0, 0.5)[0, 3] == 0
    assert colour_table(0.0, 0.5)[:, 3].max() == 128
    assert colour_table(0.0, 7.0)[:, 3].max() == 255


def test_colours_rise_in_lightness() -> None:
    light = COLOURS.astype(float) @ [0.299, 0.587, 0.114]
    assert (np.diff(light) >= -0.5).all()


def test_a_contour_runs_where_the_map_crosses_the_threshold() -> None:
    (line,) = contour(peak(), 0.5)
    centre = np.array([5.5 / 7, 2.5 / 7])
    assert np.abs(line.mean(axis=0) - centre).max() < 0.004
    on_axis = line[np.abs(line[:, 1] - centre[1]) < 0.002]
    assert np.abs(np.abs(on_axis[:, 0] - centre[0]) - 0.5 / 7).max() < 0.002


def test_a_contour_closes_at_the_edge_of_the_film() -> None:
    (line,) = contour(heatmap([[1.0, 0.0], [1.0, 0.0]]), 0.5)
    assert line[:, 0].min() < 0.005
    assert line[:, 0].max() == pytest.approx(0.5, abs=0.005)
    assert line[:, 1].max() > 0.995


@pytest.mark.parametrize(("threshold", "lines"), [(0.0, 0), (0.99999, 0), (0.5, 2)])
def test_how_many_contours(threshold: float, lines: int) -> None:
    raw = np.zeros((9, 9))
    raw[2, 2] = raw[6, 6] = 0.9
    assert len(contour(heatmap(raw.tolist()), threshold)) == lines
