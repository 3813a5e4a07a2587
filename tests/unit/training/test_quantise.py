"""An int8 graph is offered where it says what the float32 one says, and only there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from inference.bundles.bundle import ModelBundle, write_bundle
from inference.bundles.card import GRAPH
from inference.bundles.graph_check import check_graph
from inference.engines.engine import Output
from inference.engines.onnx_engine import INT8, OnnxEngine, onnx_engine
from inference.networks.network import FilmNetwork
from inference.scoring.operating import OperatingTable
from inference.scoring.scores import probabilities
from tests.bundles import SIZE_PX, card_of, multi_label_card, random_network
from training.films.film_set import FilmSet
from training.judging.metrics import auc
from training.sealing.outputs import run_engine
from training.sealing.quantise import Change, NotOffered, Quantised, quantise

GREY = np.random.default_rng(8)


def films(count: int) -> np.ndarray:
    """Noise of many strengths around many greys, so that films differ."""
    middle, spread = GREY.uniform(40, 200, (count, 1, 1)), GREY.uniform(2, 55, (count, 1, 1))
    return np.clip(GREY.normal(middle, spread, (count, SIZE_PX, SIZE_PX)), 0, 255).astype(np.uint8)


def film_set(bundle: ModelBundle) -> tuple[FilmSet, Output]:
    """Films that the float32 graph tells apart (its lowest and its highest scores), and what it says of them."""
    grey = films(120)
    first = bundle.card.findings[0]
    order = np.argsort(probabilities(bundle.card, run_engine(onnx_engine(bundle, ""), grey).logits)[:, 0])
    chosen = np.concatenate([order[:40], order[-40:]])
    truth = {label: np.arange(80) >= 40 if label == first else np.arange(80) % 2 == 0 for label in bundle.card.findings}
    kept = FilmSet(grey[chosen], truth, np.arange(80).astype(str), "films of noise")
    return kept, run_engine(onnx_engine(bundle, ""), kept.films)


def written(network: FilmNetwork, folder: Path) -> ModelBundle:
    return write_bundle(folder / "trial@1", card_of(), network)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return written(random_network(card_of()), tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def judged(bundle: ModelBundle) -> tuple[FilmSet, FilmSet, Output]:
    validation, output = film_set(bundle)
    training = FilmSet(films(70), {"OPACITY": np.arange(70) % 2 == 0}, np.arange(70).astype(str), "films of noise")
    return training, validation, output


@pytest.fixture(scope="module")
def made(bundle: ModelBundle, judged: tuple[FilmSet, FilmSet, Output]) -> Quantised:
    found = quantise(bundle.content(GRAPH), bundle.card, *judged)
    assert isinstance(found, Quantised)
    return found


def test_what_the_card_says_of_it_can_be_counted_again(
    bundle: ModelBundle, judged: tuple[FilmSet, FilmSet, Output], made: Quantised
) -> None:
    _, validation, before = judged
    ill = validation.truth["OPACITY"]
    after = run_engine(OnnxEngine(made.graph, bundle.card, INT8, ""), validation.films)
    scores = [probabilities(bundle.card, output.logits)[:, 0] for output in (before, after)]
    assert made.spec.auc_change == {"OPACITY": pytest.approx(auc(ill, scores[1]) - auc(ill, scores[0]))}
    maps = np.corrcoef(before.class_maps[ill].ravel(), after.class_maps[ill].ravel())[0, 1]
    assert made.spec.map_correlation == {"OPACITY": pytest.approx(maps, abs=1e-6)}
    assert maps >= 0.98
    points = made.spec.operating["OPACITY"]
    assert (
        OperatingTable(points).row_at(points.recommended).true_positive == (scores[1][ill] >= points.recommended).sum()
    )
    assert (points.films, points.patients, points.described) == (80, 80, "films of noise")
    assert after.logits.dtype == after.class_maps.dtype == after.embedding.dtype == np.float32
    assert np.abs(after.logits - before.logits).max() > 1e-4, "nothing was quantised"


def test_the_graph_is_standard_small_and_safe_from_saturation(bundle: ModelBundle, made: Quantised) -> None:
    check_graph(made.graph, bundle.card)
    model = onnx.load_model_from_string(made.graph)
    assert {entry.domain for entry in model.opset_import} == {""}
    assert len(made.graph) < 0.5 * len(bundle.content(GRAPH))
    weights = [
        numpy_helper.to_array(item) for item in model.graph.initializer if item.data_type == onnx.TensorProto.INT8
    ]
    kernels = [array for array in weights if array.ndim == 4]
    # 255 * 64 twice is what 16 bits hold, where a processor adds two products before it widens them.
    assert len(kernels) >= 2
    assert all(array.min() >= -64 and array.max() <= 64 for array in kernels)


def test_equal_films_give_equal_bytes(
    bundle: ModelBundle, judged: tuple[FilmSet, FilmSet, Output], made: Quantised
) -> None:
    assert quantise(bundle.content(GRAPH), bundle.card, *judged) == made


def test_a_graph_that_int8_spoils_is_not_offered(tmp_path: Path, judged: tuple[FilmSet, FilmSet, Output]) -> None:
    """One channel of the fourth stage is a huge constant that the fifth does not read: float32 is the same as without
    it, but 8 bits for a tensor hold that channel alone.
    """
    network = random_network(card_of())
    state = network.state_dict()
    for name, value in {"3.1.weight": 0.0, "3.1.bias": 1e6}.items():
        state[f"features.{name}"][0] = value
    state["features.4.0.weight"][:, 0] = 0.0
    bundle = written(network, tmp_path)
    validation, output = film_set(bundle)
    found = quantise(bundle.content(GRAPH), bundle.card, judged[0], validation, output)
    assert isinstance(found, NotOffered)
    assert "is not offered" in found.reason
    assert "OPACITY" in found.reason


def test_without_healthy_films_nothing_can_be_said(
    bundle: ModelBundle, judged: tuple[FilmSet, FilmSet, Output]
) -> None:
    training, validation, output = judged
    all_ill = dataclasses.replace(validation, truth={"OPACITY": np.ones(80, np.bool_)})
    assert isinstance(quantise(bundle.content(GRAPH), bundle.card, training, all_ill, output), NotOffered)


@pytest.mark.parametrize(("films", "is_judged"), [(80, True), (20, False)])
def test_films_must_be_enough_to_see_what_is_tolerated(
    bundle: ModelBundle, judged: tuple[FilmSet, FilmSet, Output], films: int, is_judged: bool
) -> None:
    """Of ten ill films and ten healthy ones, one pair that changes places moves the AUC by 0.01."""
    training, whole, output = judged
    some = dataclasses.replace(
        whole,
        films=whole.films[:films],
        truth={"OPACITY": whole.truth["OPACITY"][:films]},
        patients=whole.patients[:films],
    )
    part = Output(output.logits[:films], output.class_maps[:films], output.embedding[:films])
    found = quantise(bundle.content(GRAPH), bundle.card, training, some, part)
    assert (isinstance(found, NotOffered) and "too few validation films" in found.reason) != is_judged


def test_every_finding_is_judged(tmp_path: Path) -> None:
    card = multi_label_card()
    bundle = write_bundle(tmp_path / "trial-multi@1", card, random_network(card))
    validation, output = film_set(bundle)
    found = quantise(bundle.content(GRAPH), card, validation, validation, output)
    named = found.reason if isinstance(found, NotOffered) else str(found.spec.operating)
    assert all(label in named for label in card.findings)


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        (Change(-0.002, 0.98, 1.09), True),
        (Change(0.0021, 0.99, 1.0), False),
        (Change(-0.0021, 0.99, 1.0), False),
        (Change(0.0, 0.979, 1.0), False),
        (Change(0.0, 0.99, 0.89), False),
        (Change(float("nan"), 0.99, 1.0), False),
        (Change(0.0, float("nan"), float("nan")), False),
    ],
)
def test_what_is_allowed_to_change(change: Change, holds: bool) -> None:
    assert change.holds is holds
