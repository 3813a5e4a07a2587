"""A sealed bundle says of its validation films what the program then says of them."""

from __future__ import annotations

import dataclasses
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.bundles.bundle import ModelBundle
from inference.bundles.card import Activation, DataSummary, StartRecord
from inference.bundles.models_verify import verify
from inference.engines.device import choose_engine
from inference.engines.torch_engine import load_network
from inference.networks.head_spec import HeadSpec
from inference.networks.network import build_network
from inference.scoring.operating import OperatingTable
from inference.scoring.preprocess import PreprocessSpec, to_input
from inference.scoring.records import to_json
from inference.scoring.scores import probabilities
from inference.scoring.similar import read_reference
from training.films.film_set import FilmSet
from training.judging.metrics import auc
from training.learn.in_memory import learn
from training.plan import ChoicePlan, DataPlan, LearningPlan, NetworkPlan, StartPlan, TrainingPlan
from training.sealing.seal import Words, seal, seal_again
from training.sealing.shifts import SUITE

PREPROCESS = PreprocessSpec(size_px=32, mean=(0.5,), std=(0.25,))
PLAN = TrainingPlan(
    name="trial",
    title="Bright squares",
    data=DataPlan("nowhere"),
    preprocess=PREPROCESS,
    network=NetworkPlan("tiny", StartPlan("scratch"), mode="full", frozen_share=0.0, keep_norm=False),
    learning=LearningPlan(epochs=12, batch=16, rate=3e-3, average_over_steps=10, label_smoothing=0.0),
    choice=ChoicePlan(pick="loss"),
    augment=None,
)
WORDS = Words(
    name="trial",
    version=3,
    title="Bright squares",
    labels=("PLAIN", "SQUARE"),
    normal_label="PLAIN",
    activation="sigmoid_one",
    backbone="tiny",
    head=HeadSpec(),
    start=StartRecord("scratch", "nothing"),
    data=DataSummary("Noise.", 64, 64, "the tests", "MIT"),
    intended_use="Tests.",
    limits=("It knows squares.",),
    licence="MIT",
)


def _films(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise, with a faint square in every second film: some are missed."""
    rng = np.random.default_rng(seed)
    films = rng.integers(60, 160, (count, 32, 32)).astype(np.uint8)
    ill = np.arange(count) % 2 == 1
    for number in np.flatnonzero(ill):
        y, x = rng.integers(4, 22, 2)
        films[number, y : y + 6, x : x + 6] += np.uint8(rng.integers(10, 90))
    return films, ill


@pytest.fixture(scope="module")
def training() -> FilmSet:
    films, ill = _films(64, seed=1)
    patients = np.array([str(number) for number in range(64)])
    digests = tuple(sha256(film.tobytes()).hexdigest() for film in films)
    return FilmSet(films, {"SQUARE": ill}, patients, "films of noise", digests)


@pytest.fixture(scope="module")
def validation() -> FilmSet:
    films, ill = _films(80, seed=2)
    patients = np.array([str(number // 2) for number in range(80)])
    return FilmSet(films, {"SQUARE": ill}, patients, "films of noise")


@pytest.fixture(scope="module")
def sealed(training: FilmSet, validation: FilmSet, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    torch.manual_seed(0)
    network = build_network("tiny", 1, PREPROCESS)
    folder: Path = tmp_path_factory.mktemp("models")
    network = learn(network, PLAN, training, validation, folder / "state")
    return seal(
        network,
        training,
        validation,
        WORDS,
        preprocess=PREPROCESS,
        recipe={"plan": to_json(PLAN)},
        models_dir=folder,
    )


def test_the_bundle_is_whole_and_named(sealed: ModelBundle) -> None:
    assert (sealed.id, sealed.location.name) == ("trial@3", "trial@3")
    assert verify(sealed).grad_cam <= 1e-4


def test_each_threshold_calls_the_films_that_the_card_counts(sealed: ModelBundle, validation: FilmSet) -> None:
    output = choose_engine(sealed, "onnx").run(to_input(validation.films))
    scores = probabilities(sealed.card, output.logits)[:, 0]
    points = sealed.card.operating["SQUARE"]
    assert (points.films, points.patients, points.ill, points.healthy) == (80, 40, 40, 40)
    for row in points.rows:
        called = scores >= row.threshold
        assert (called[validation.truth["SQUARE"]].sum(), called[~validation.truth["SQUARE"]].sum()) == (
            row.true_positive,
            row.false_positive,
        )
    assert (scores >= points.recommended)[validation.truth["SQUARE"]].mean() >= 0.95


def test_the_heat_scale_is_reached_by_one_ill_film_in_ten(sealed: ModelBundle, validation: FilmSet) -> None:
    maps = choose_engine(sealed, "onnx").run(to_input(validation.films)).class_maps[:, 0]
    peaks = maps[validation.truth["SQUARE"]].max(axis=(1, 2))
    assert (peaks >= sealed.card.heat_scale["SQUARE"] * (1 - 1e-5)).sum() == 4


def test_measures_and_shifts_are_of_the_same_films(sealed: ModelBundle) -> None:
    measured, shifts = sealed.card.metrics["SQUARE"], sealed.card.recipe["shifts"]["SQUARE"]
    assert set(shifts) == set(SUITE)
    for name in ("auc", "sensitivity", "specificity", "accuracy"):
        assert shifts["as collected"][name] == pytest.approx(measured[name].value, abs=5e-5)
        assert measured[name].low <= measured[name].value <= measured[name].high


@pytest.fixture(scope="module")
def few(training: FilmSet) -> FilmSet:
    """Too few films for a gate, which would take most of the time."""
    return dataclasses.replace(
        training,
        films=training.films[:30],
        truth={"SQUARE": training.truth["SQUARE"][:30]},
        patients=training.patients[:30],
        digests=training.digests[:30],
    )


@pytest.fixture(scope="module")
def robust(
    sealed: ModelBundle, few: FilmSet, validation: FilmSet, tmp_path_factory: pytest.TempPathFactory
) -> ModelBundle:
    """The same network, its operating points counted under the worst change."""
    network, folder = load_network(sealed), tmp_path_factory.mktemp("robust")
    return seal(network, few, validation, WORDS, preprocess=PREPROCESS, recipe={}, models_dir=folder, bear_shifts=True)


def test_the_worst_change_sets_the_points_where_that_is_asked(
    robust: ModelBundle, sealed: ModelBundle, validation: FilmSet
) -> None:
    points, shifts = robust.card.operating["SQUARE"], robust.card.recipe["shifts"]["SQUARE"]
    assert min(of["sensitivity"] for of in shifts.values()) >= 0.95
    found = OperatingTable(points).point_at(points.recommended)
    assert found.found / found.ill == pytest.approx(min(of["sensitivity"] for of in shifts.values()), abs=5e-5)
    assert found.spared / found.healthy == pytest.approx(min(of["specificity"] for of in shifts.values()), abs=5e-5)
    assert "the worst of 17 changes" in OperatingTable(points).sentence(0.95)
    assert points.recommended < sealed.card.operating["SQUARE"].recommended
    assert min(of["sensitivity"] for of in sealed.card.recipe["shifts"]["SQUARE"].values()) < 0.95
    assert robust.card.calibration == sealed.card.calibration, "probabilities mean what they meant"


def test_the_recommended_point_finds_enough_in_each_group_of_the_films(
    sealed: ModelBundle, few: FilmSet, validation: FilmSet, tmp_path: Path
) -> None:
    output = choose_engine(sealed, "onnx").run(to_input(validation.films))
    scores, ill = probabilities(sealed.card, output.logits)[:, 0], validation.truth["SQUARE"]
    hard = scores < np.sort(scores[ill])[10]  # a quarter of the ill films, those with the lowest scores
    rows = {"the others": ~hard, "hard ones": hard, "healthy ones": ~ill}
    films = dataclasses.replace(validation, groups=rows)
    made = seal(load_network(sealed), few, films, WORDS, preprocess=PREPROCESS, recipe={}, models_dir=tmp_path)
    card = made.card
    point, shifts = card.operating["SQUARE"].recommended, card.recipe["shifts"]["SQUARE"]
    assert (scores[ill & hard] >= point).mean() >= 0.95
    assert point < sealed.card.operating["SQUARE"].recommended
    assert card.operating["SQUARE"].rows == sealed.card.operating["SQUARE"].rows, "counts are those of all films"
    assert set(shifts) == {*SUITE, "the others", "hard ones"}, "among healthy ones there is nothing to find"
    assert shifts["hard ones"]["sensitivity"] == pytest.approx((scores[ill & hard] >= point).mean(), abs=5e-5)


def test_points_under_the_worst_change_are_kept_when_it_is_sealed_again(
    robust: ModelBundle, few: FilmSet, validation: FilmSet, tmp_path: Path
) -> None:
    assert seal_again(robust, few, validation, tmp_path).card == robust.card


def test_what_is_sealed_again_is_the_same(
    sealed: ModelBundle, training: FilmSet, validation: FilmSet, tmp_path: Path
) -> None:
    """Weights, graph and every number: the card is counted with the very graph that is served."""
    assert seal_again(sealed, training, validation, tmp_path).card == sealed.card


def test_the_films_it_learnt_from_travel_as_examples(sealed: ModelBundle, training: FilmSet) -> None:
    reference = read_reference(sealed)
    assert reference is not None
    assert sealed.card.reference is not None
    assert reference.trained_on == frozenset(training.digests)
    embedding = choose_engine(sealed, "onnx").run(to_input(training.films[5:6])).embedding[0]
    nearest = reference.nearest(embedding, 1)[0]
    assert nearest.digest == training.digests[5]
    assert nearest.labels == ("SQUARE",)


@pytest.mark.parametrize(
    ("activation", "labels", "normal", "every"),
    [
        ("sigmoid", ("MASS", "NODULE"), None, {"MASS": (2, 0), "NODULE": (3, 0)}),
        ("softmax", ("MASS", "PLAIN", "NODULE"), "PLAIN", {"MASS": (3, 0), "NODULE": (3, 2)}),
    ],
)
def test_every_finding_of_several_is_counted_by_its_own_films(
    tmp_path: Path,
    activation: Activation,
    labels: tuple[str, ...],
    normal: str | None,
    every: dict[str, tuple[int, int]],
) -> None:
    def part(count: int, seed: int) -> FilmSet:
        numbers = np.arange(count)
        truth = {label: numbers % step == rest for label, (step, rest) in every.items()}
        digests = tuple(sha256(f"{seed} {number}".encode()).hexdigest() for number in numbers)
        return FilmSet(_films(count, seed)[0], truth, numbers.astype(str), "films of noise", digests)

    words = dataclasses.replace(WORDS, activation=activation, labels=labels, normal_label=normal)
    torch.manual_seed(0)
    network = build_network("tiny", len(labels), PREPROCESS)
    training, validation = part(30, seed=3), part(60, seed=4)
    made = seal(network, training, validation, words, preprocess=PREPROCESS, recipe={}, models_dir=tmp_path)
    card = made.card
    assert card.gate is None, "thirty films are too few"
    scores = probabilities(card, choose_engine(made, "onnx").run(to_input(validation.films)).logits)
    for position, label in enumerate(card.findings):
        ill = validation.truth[label]
        assert card.metrics[label]["auc"].value == pytest.approx(auc(ill, scores[:, position]), abs=1e-6)
        assert card.recipe["shifts"][label]["as collected"]["auc"] == pytest.approx(
            card.metrics[label]["auc"].value, abs=5e-5
        )
        assert (card.operating[label].ill, card.operating[label].films) == (int(ill.sum()), 60)
    reference = read_reference(made)
    assert reference is not None
    healthy = ~np.any(list(training.truth.values()), axis=0)
    found = np.stack([training.truth.get(label, healthy) for label in labels], axis=1)
    assert np.array_equal(reference.labels, found[[training.digests.index(digest) for digest in reference.digests]])
