"""The models that come with the program, on films that no training step has seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imaging.phantom import Opacity, make_phantom, to_image
from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GRAPH, QUANTISED
from inference.bundles.graph_check import check_graph
from inference.bundles.models_verify import relative_difference, verify
from inference.engines.device import choose_engine
from inference.engines.torch_engine import load_network
from inference.maps.cam import autograd_maps
from inference.scoring.operating import OperatingTable
from inference.scoring.pipeline import Analyser
from inference.scoring.preprocess import network_grey, to_input
from inference.scoring.results import ImageResult
from inference.scoring.scores import probabilities
from tests.bundles import came_with_the_program
from training.judging.metrics import auc

REAL_FILMS = Path(__file__).resolve().parents[4] / "shared" / "data" / "films"
FRESH_SEEDS = range(500_000, 500_040)  # beyond the seeds of `training.bundled.practice` and of the example films


@pytest.fixture(scope="module", params=["pneumonia", "practice"])
def bundled(request: pytest.FixtureRequest) -> ModelBundle:
    return came_with_the_program(request.param)


def test_engines_agree_and_grad_cam_is_autograds(bundled: ModelBundle) -> None:
    found = verify(bundled)
    assert found.probability <= 1e-4
    assert found.maps <= 1e-3
    assert found.grad_cam <= 1e-4


def test_their_graphs_may_be_loaded_unseen(bundled: ModelBundle) -> None:
    """The program does not look through its own graphs each time it starts; here it is done once and for all."""
    check_graph(bundled.content(GRAPH), bundled.card)
    if bundled.card.quantised is not None:
        check_graph(bundled.content(QUANTISED), bundled.card)


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_grad_cam_on_films_is_autograds_in_float64(bundled: ModelBundle, engine: str) -> None:
    phantoms = [to_image(make_phantom(seed, (256, 256))) for seed in FRESH_SEEDS[:4]]
    films = to_input(np.stack([network_grey(image, bundled.card.preprocess) for image in phantoms]))
    chosen = choose_engine(bundled, "onnx" if engine == "onnx" else "torch", "cpu")
    reference = autograd_maps(load_network(bundled), films)
    assert relative_difference(chosen.run(films).class_maps, reference) <= 1e-4


def test_the_card_counts_what_it_recommends(bundled: ModelBundle) -> None:
    card = bundled.card
    for label in card.findings:
        points = card.operating[label]
        table = OperatingTable(points)
        assert table.sensitivity(points.recommended).value >= 0.95
        assert table.threshold_at(0.95) == points.recommended
        assert points.ill + points.healthy == points.films
        for measure in card.metrics[label].values():
            assert measure.low <= measure.value <= measure.high
    assert card.limits
    assert card.intended_use


def test_practice_finds_what_is_planted_and_says_where() -> None:
    bundle = came_with_the_program("practice")
    phantoms = [make_phantom(seed, (512, 512), seed % 2) for seed in FRESH_SEEDS]
    films = to_input(np.stack([network_grey(to_image(phantom), bundle.card.preprocess) for phantom in phantoms]))
    out = choose_engine(bundle, "onnx").run(films)
    scores = probabilities(bundle.card, out.logits)[:, 0]
    ill = np.array([bool(phantom.opacities) for phantom in phantoms])
    assert auc(ill, scores) > 0.9
    called = ill & (scores >= bundle.card.operating["OPACITY"].recommended)
    hits = [_peak_lies_in(out.class_maps[i, 0], phantoms[i].opacities, 512) for i in np.flatnonzero(called)]
    assert np.mean(hits) > 0.9
    peaks = out.class_maps.max(axis=(1, 2, 3)) / bundle.card.heat_scale["OPACITY"]
    assert np.median(peaks[~ill]) < 0.4 * np.median(peaks[ill]), "healthy films glow"


def _peak_lies_in(raw: np.ndarray, opacities: tuple[Opacity, ...], side_px: int) -> bool:
    """Whether the hottest cell overlaps a planted opacity. `raw` is float32 [h, w]."""
    row, column = np.unravel_index(int(raw.argmax()), raw.shape)
    cell_px = side_px / raw.shape[0]
    x_px, y_px = (column + 0.5) * cell_px, (row + 0.5) * cell_px
    return any(
        abs(x_px - item.cx_px) <= item.rx_px + cell_px and abs(y_px - item.cy_px) <= item.ry_px + cell_px
        for item in opacities
    )


@pytest.mark.skipif(not REAL_FILMS.is_dir(), reason="the films of ../shared/data are not here")
def test_pneumonia_judges_patients_it_never_saw() -> None:
    bundle = came_with_the_program("pneumonia")
    analyser = Analyser(bundle, choose_engine(bundle, "onnx"))
    results = {
        label: [analyser.analyse(ImageRef(path), CancelToken()) for path in sorted((REAL_FILMS / label).iterdir())]
        for label in bundle.card.labels
    }
    flagged = {label: np.mean([result.findings[0].flagged for result in found]) for label, found in results.items()}
    assert flagged["PNEUMONIA"] >= 0.85
    assert flagged["NORMAL"] <= 0.1
    heat = {label: np.median([_hottest(result) for result in found]) for label, found in results.items()}
    assert heat["NORMAL"] < 0.3 < heat["PNEUMONIA"]


def _hottest(result: ImageResult) -> float:
    return float(result.heatmaps[0].scaled().max())
