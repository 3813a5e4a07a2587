from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from imaging.phantom import make_phantom
from inference.networks.network import build_network
from inference.scoring.preprocess import to_input
from tests.tiny_plans import PREPROCESS, WHOLE, tiny_plan
from training.films.film_set import FilmSet
from training.films.places import opacity_mask, place_loss
from training.learn.augment import augment, augment_with_places
from training.learn.augment_spec import AugmentSpec
from training.learn.in_memory import learn
from training.plan import ChoicePlan, LearningPlan

STILL = AugmentSpec(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_a_mask_covers_the_planted_ellipse() -> None:
    phantom = make_phantom(5, (256, 128), 1)
    (opacity,) = phantom.opacities
    mask = opacity_mask(phantom, 64)
    assert set(np.unique(mask)) == {0, 255}
    rows, columns = np.nonzero(mask)
    assert rows.mean() + 0.5 == pytest.approx(opacity.cy_px / 4, abs=0.5)
    assert columns.mean() + 0.5 == pytest.approx(opacity.cx_px / 2, abs=0.5)
    assert len(rows) == pytest.approx(np.pi * opacity.rx_px / 2 * opacity.ry_px / 4, rel=0.2)


def test_marks_move_with_their_films_and_keep_their_grey() -> None:
    films = torch.zeros(4, 1, 64, 64)
    films[:, :, 20:28, 36:44] = 1.0
    wild = AugmentSpec(
        rotate_deg=30, scale=0.3, translate=0.1, gamma_log=0.0, contrast_log=0.0, brightness=0.3, noise=0
    )
    wild = dataclasses.replace(wild, soften_share=0.0, sharpen_share=0.0)
    moved, places = augment_with_places(films, films, wild, torch.Generator().manual_seed(3))
    assert not torch.equal(places, films)
    assert float(places.max()) <= 1.0
    assert float(places.min()) == 0.0
    for film, place in zip(moved[:, 0], places[:, 0], strict=True):
        assert np.corrcoef(film.flatten().numpy(), place.flatten().numpy())[0, 1] > 0.99
    assert torch.equal(moved, augment(films, wild, torch.Generator().manual_seed(3))), "marks cost films nothing"


def test_cells_that_say_what_lies_there_lose_least() -> None:
    head = torch.nn.Linear(3, 1)
    torch.nn.init.constant_(head.bias, -5.0)
    places = torch.zeros(1, 16, 16)
    places[:, 4:8, 8:12] = 1.0
    right = torch.zeros(1, 4, 4)
    right[:, 1, 2] = 12.0 / 16
    assert place_loss(head, right, places) < 0.1 * place_loss(head, right.flip(2), places)
    assert place_loss(head, right, places) < 0.2 * place_loss(head, torch.zeros(1, 4, 4), places)


def test_places_teach_a_network_where_to_look(tmp_path: Path) -> None:
    """A spot anywhere beside a bright bar at the left that comes with it: by labels alone the bar would do as well."""
    rng = np.random.default_rng(2)
    films = rng.integers(60, 90, (96, 32, 32), np.uint8)
    places, ill = np.zeros_like(films), np.arange(96) % 2 == 1
    for number in np.flatnonzero(ill):
        row, column = 4 * rng.integers(1, 7), 4 * rng.integers(3, 7)
        films[number, row : row + 4, column : column + 4] = 200
        films[number, :, :4] = 200
        places[number, row : row + 4, column : column + 4] = 255
    plan = tiny_plan(
        network=dataclasses.replace(WHOLE, backbone="tiny_fine"),
        learning=LearningPlan(epochs=16, batch=16, rate=1e-2, head_rate=1e-2),
        choice=ChoicePlan(pick="loss"),
        augment=STILL,
    )
    torch.manual_seed(1)
    network = build_network("tiny_fine", 1, PREPROCESS)
    known = FilmSet(films, {"SPOT": ill}, np.arange(96).astype(str), "films of noise")
    network = learn(network, plan, known, known, tmp_path, places=places)
    with torch.inference_mode():
        maps = network(torch.from_numpy(to_input(films[ill])))[1][:, 0].flatten(1).argmax(dim=1).numpy()
    marked = places[ill][:, ::4, ::4].reshape(len(maps), -1)
    assert marked[np.arange(len(maps)), maps].mean() > 0.9 * 255
