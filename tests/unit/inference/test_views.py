from __future__ import annotations

import numpy as np
import pytest

from inference.bundles.bundle import ModelBundle
from inference.engines.device import choose_engine
from inference.engines.engine import Floats
from inference.scoring.views import MOST_VIEWS, VIEWS, View, cost, seen, with_views


def test_one_view_is_the_engine_itself(bundle: ModelBundle) -> None:
    engine = choose_engine(bundle, "onnx")
    assert with_views(engine, 1) is engine
    with pytest.raises(ValueError, match="1 to"):
        with_views(engine, MOST_VIEWS + 1)
    with pytest.raises(ValueError, match="1 to"):
        with_views(engine, 0)


def test_logits_are_the_mean_and_maps_those_of_the_film(bundle: ModelBundle, films: Floats) -> None:
    engine = choose_engine(bundle, "onnx")
    plain, several = engine.run(films), with_views(engine, 3).run(films)
    each = [engine.run(seen(films, view)).logits for view in VIEWS[:3]]
    assert np.array_equal(each[0], plain.logits)
    assert np.allclose(several.logits, np.mean(each, axis=0), atol=1e-6)
    assert not np.allclose(several.logits, plain.logits, atol=1e-4)
    assert several.logits.dtype == np.float32
    assert np.array_equal(several.class_maps, plain.class_maps)
    assert np.array_equal(several.embedding, plain.embedding)


def test_name_and_reason_say_what_runs_and_what_it_costs(bundle: ModelBundle) -> None:
    engine = with_views(choose_engine(bundle, "onnx"), 5)
    assert engine.name == "onnx-cpu+5views"
    assert engine.why.endswith("; 5 views: 5 times the network's time")
    assert cost(3) == "3 views: 3 times the network's time"


def test_a_view_moves_and_zooms_and_never_mirrors() -> None:
    film = np.zeros((1, 1, 101, 101), np.float32)
    film[0, 0, 40, 70] = 1.0
    assert peak(seen(film, View(0.0, 0.0, 1.0))) == (40, 70)
    assert peak(seen(film, View(10 / 101, -5 / 101, 1.0))) == (35, 80)
    row, column = peak(seen(film, View(0.0, 0.0, 1.1)))
    assert (row, column) == (39, 72)
    assert all(view.zoom > 0.0 and abs(view.right) < 0.1 and abs(view.down) < 0.1 for view in VIEWS)
    assert VIEWS[0] == View(0.0, 0.0, 1.0)
    assert len(set(VIEWS)) == MOST_VIEWS


def test_outside_the_film_its_border_goes_on() -> None:
    film = np.full((1, 1, 32, 32), 0.25, np.float32)
    for view in VIEWS:
        assert np.allclose(seen(film, view), 0.25)


def peak(film: Floats) -> tuple[int, int]:
    row, column = np.unravel_index(int(film[0, 0].argmax()), film.shape[2:])
    return int(row), int(column)
