"""The films whose scores are told while a network learns."""

from __future__ import annotations

import time

import numpy as np
import pytest

from training.learn.batches import Material
from training.learn.watched import LEAST_SECONDS, Looks, films_to_watch, own_label_scores


def material(*targets: tuple[int, ...]) -> Material:
    count = len(targets)
    films = np.zeros((100, 4, 4), np.uint8)
    return Material(films, np.arange(count, dtype=np.int64) + 50, np.array(targets, np.float32).reshape(count, -1))


def test_every_combination_of_labels_has_its_share() -> None:
    watched = films_to_watch(material(*[(0,)] * 40, *[(1,)] * 3))
    assert watched.targets[:, 0].tolist() == [0.0] * 5 + [1.0] * 3, "what few films leave, the others take"
    assert watched.positions.tolist() == sorted(watched.positions.tolist())
    assert {50, 89} <= set(watched.positions.tolist()), "from one end to the other"
    assert len(films_to_watch(material((0,), (1,)))) == 2
    many = films_to_watch(material(*[tuple(int(digit) for digit in f"{number:04b}") for number in range(16)] * 2))
    assert len(many) == 8


def test_a_film_is_scored_by_its_own_labels() -> None:
    one = own_label_scores(np.array([[2.0], [2.0]], np.float32), np.array([[1.0], [0.0]], np.float32), is_softmax=False)
    assert one == pytest.approx((0.8808, 0.1192), abs=1e-4)
    several = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0]], np.float32)
    logits = np.array([[3.0, -1.0, 5.0], [-3.0, -1.0, -5.0], [9.0, 0.0, 0.0]], np.float32)
    assert own_label_scores(logits, several, is_softmax=False) == pytest.approx((0.2689, 0.7311, 0.5), abs=1e-4)
    classes = np.array([[1, 0, 0], [0, 0, 1]], np.float32)
    softmax = own_label_scores(np.log([[0.7, 0.2, 0.1], [0.5, 0.1, 0.4]]).astype(np.float32), classes, is_softmax=True)
    assert softmax == pytest.approx((0.7, 0.4), abs=1e-4)


def test_looks_are_as_seldom_as_they_are_dear() -> None:
    looks = Looks(material((0,), (1,)), is_softmax=False)
    assert not looks.is_due
    looks.last = time.monotonic() - LEAST_SECONDS - 1
    assert looks.is_due
    looks.cost = 2 * LEAST_SECONDS * 0.01
    assert not looks.is_due, "a hundredth of the time at most"
