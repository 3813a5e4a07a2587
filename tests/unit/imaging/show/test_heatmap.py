"""The heat map lies where its cells lie, on the card's scale."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.heatmap import GridRect, Heatmap
from imaging.show.heatmap import COLOURS, colour_table, contour, hottest, on_film

HALF_AT = 0.5450  # in cells: where Keys's cubic kernel is 1/2


def heatmap(raw: list[list[float]], scale: float = 1.0, rect: GridRect | None = None) -> Heatmap:
    return Heatmap("OPACITY", np.array(raw, dtype=np.float32), scale, rect or GridRect())


def peak(cells: int = 7, row: int = 2, column: int = 5) -> Heatmap:
    raw = np.zeros((cells, cells))
    raw[row, column] = 1.0
    return heatmap(raw.tolist())


def _keys(distance: float) -> float:
    """Keys's kernel with a = -1/2, written out (IEEE Trans. ASSP 29, 1981)."""
    if distance <= 1:
        return 1.5 * distance**3 - 2.5 * distance**2 + 1
    return -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2


def test_a_cell_lies_over_its_share_of_the_film() -> None:
    shown = on_film(peak(), (700, 1400))
    assert shown[250, 1100] == shown.max() >= 253
    assert shown[250, 1100 + 200] <= 2
    # Keys's cubic kernel is 9/16 half-way between two cells.
    assert shown[250, 1100 + 100] == pytest.approx(255 * 9 / 16, abs=2)


def test_cells_keep_their_values_in_their_centres() -> None:
    raw = np.random.default_rng(5).random((6, 5)).astype(np.float32)
    shown = on_film(Heatmap("OPACITY", raw, 1.0), (66, 55))  # eleven pixels a cell: the sixth is in the middle
    assert np.abs(shown[5::11, 5::11] - 255.0 * raw).max() <= 0.51


def test_a_hot_cell_is_round_and_no_diamond() -> None:
    shown = on_film(peak(cells=9, row=4, column=4), (900, 900)).astype(float)
    for value in (64, 128, 192):
        along = np.argmax(shown[450, 450:] < value)
        aslant = np.argmax(np.diagonal(shown)[450:] < value) * np.sqrt(2)
        assert aslant == pytest.approx(along, rel=0.08)


def test_between_hot_and_cold_cells_nothing_leaves_the_scale() -> None:
    raw = [[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]] * 6
    shown = on_film(heatmap(raw), (60, 600))
    assert set(np.unique(shown[:, 300])) == {255}
    assert set(np.unique(shown[:, 120])) == {0}
    assert np.diff(shown[30, :251].astype(int)).min() >= 0


def test_values_are_on_the_cards_scale_and_clipped() -> None:
    assert on_film(heatmap([[2.0, 2.0], [2.0, 2.0]], scale=4.0), (9, 9)).tolist() == [[128] * 9] * 9
    assert on_film(heatmap([[9.0]], scale=4.0), (3, 3)).max() == 255
    assert on_film(heatmap([[-9.0]], scale=4.0), (3, 3)).max() == 0


def test_a_padded_film_shows_the_middle_of_the_grid_and_a_cropped_one_nothing_outside_it() -> None:
    raw = [[0.0, 1.0, 1.0, 0.0]] * 4
    padded = on_film(heatmap(raw, rect=GridRect(left=-0.5, top=0.0, width=2.0, height=1.0)), (40, 40))
    assert padded[:, 10:30].min() == 255
    at = 0.475  # of a cell from the hot one's centre
    assert padded[:, 0].max() == pytest.approx(255 * (_keys(at) + _keys(1 + at)), abs=1)
    cropped = on_film(heatmap([[1.0]], rect=GridRect(left=0.25, top=0.0, width=0.5, height=1.0)), (40, 40))
    assert cropped[:, :10].max() == 0
    assert cropped[:, 10:30].min() == 255


def test_what_is_below_the_threshold_is_transparent() -> None:
    table = colour_table(0.4, 0.6)
    assert table.shape == (256, 4)
    assert table[:102, 3].max() == 0
    assert table[122:, 3].tolist() == [153] * 134
    assert np.array_equal(table[:, :3], COLOURS)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.4, 0.95])
def test_the_overlay_fades_in_above_the_threshold(threshold: float) -> None:
    alpha = colour_table(threshold, 1.0)[:, 3].astype(int)
    assert alpha[-1] == 255
    steps = np.diff(alpha)
    assert steps.min() >= 0
    assert steps.max() <= 255 * 1.6 / max(1.0, min(20.0, 255 * (1 - threshold)))


def test_at_the_highest_threshold_the_hottest_parts_show() -> None:
    assert np.flatnonzero(colour_table(1.0, 1.0)[:, 3]).tolist() == [255]


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
    assert np.abs(np.abs(on_axis[:, 0] - centre[0]) - HALF_AT / 7).max() < 0.002


@pytest.mark.parametrize("threshold", [0.1, 0.37, 0.8])
def test_the_painted_map_has_the_threshold_all_along_the_contour(threshold: float) -> None:
    raw = np.random.default_rng(3).random((7, 9)).astype(np.float32)
    wanted = Heatmap("OPACITY", raw, 0.9)
    shown = on_film(wanted, (700, 900)).astype(float)
    lines = contour(wanted, threshold)
    assert lines
    for line in lines:
        inside = line[(line.min(axis=1) > 0.01) & (line.max(axis=1) < 0.99)]
        columns, rows = (inside * [900, 700]).astype(int).T
        assert np.abs(shown[rows, columns] - 255 * threshold).max() < 6


def test_a_contour_closes_at_the_edge_of_the_film() -> None:
    (line,) = contour(heatmap([[1.0, 0.0], [1.0, 0.0]]), 0.5)
    assert line[:, 0].min() == 0
    assert line[:, 0].max() == pytest.approx(0.5, abs=0.005)
    assert (line[:, 1].min(), line[:, 1].max()) == (0, 1)


def test_a_contour_runs_straight_along_the_edge_of_the_film() -> None:
    raw = np.random.default_rng(1).random((7, 7)).astype(np.float32) + 0.5
    raw[:, :2] = 0.0
    (line,) = contour(Heatmap("OPACITY", raw, 1.0), 0.4)
    near = line[line[:, 0] > 0.98]
    assert len(near) > 300
    assert np.count_nonzero(near[:, 0] == 1.0) >= 384
    assert not np.any((near[:, 0] < 1.0) & (near[:, 1] > 0.0) & (near[:, 1] < 1.0))


@pytest.mark.parametrize(("threshold", "lines"), [(0.0, 0), (0.99999, 0), (0.5, 2)])
def test_how_many_contours(threshold: float, lines: int) -> None:
    raw = np.zeros((9, 9))
    raw[2, 2] = raw[6, 6] = 0.9
    assert len(contour(heatmap(raw.tolist()), threshold)) == lines


def test_the_hottest_point_is_the_peak_of_what_is_painted() -> None:
    assert hottest(peak()) == pytest.approx((5.5 / 7, 2.5 / 7), abs=0.002)
    between = heatmap([[0.0, 0.0, 0.0, 0.0], [0.0, 3.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]], scale=0.5)
    assert hottest(between) == pytest.approx((0.5, 0.5), abs=0.002), "clipping at full heat does not move it"
    placed = heatmap([[0.0, 1.0], [0.0, 0.0]], rect=GridRect(left=0.25, top=0.25, width=0.5, height=0.5))
    x, y = hottest(placed)
    assert 0.5 < x < 0.75
    assert 0.25 <= y < 0.5


def test_cells_lie_where_they_look_and_the_outer_ones_reach_the_edge() -> None:
    raw = np.zeros((4, 4), np.float32)
    raw[1, 2] = 1.0
    half_a_cell = GridRect(-1 / 8, -1 / 8, 1.0, 1.0)
    assert hottest(Heatmap("OPACITY", raw, 1.0, cells=half_a_cell)) == pytest.approx((0.5, 0.25), abs=0.003)
    raw[3, 2:] = 1.0
    raw[2:, 3] = 1.0
    shown = on_film(Heatmap("OPACITY", raw, 1.0, cells=half_a_cell), (400, 400))
    assert shown[399, 399] >= 254, "beyond the last centre its cell goes on"


def test_cells_are_placed_in_what_was_seen_of_a_padded_film() -> None:
    raw = np.zeros((4, 4), np.float32)
    raw[0, 1] = 1.0
    padded = Heatmap("OPACITY", raw, 1.0, GridRect(-0.5, 0.0, 2.0, 1.0), GridRect(-1 / 8, -1 / 8, 1.0, 1.0))
    # The second column's centre lies at 1/4 of the input, which is the film's left edge.
    assert on_film(padded, (400, 400))[0, 0] >= 254
    assert on_film(padded, (400, 400))[0, 399] == 0
