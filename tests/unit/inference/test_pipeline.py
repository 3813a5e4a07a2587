from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.errors import Code, FilmError
from imaging.progress import Cancelled, CancelToken
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.engines.device import choose_engine
from inference.engines.engine import Engine, EngineLostError, EngineMemoryError, Floats, Output
from inference.scoring.pipeline import Analyser, at_points


@pytest.fixture
def refs(tmp_path: Path) -> list[ImageRef]:
    """Five films of different sizes; the last one is constant."""
    generator = np.random.default_rng(3)
    for index in range(5):
        pixels = (
            generator.integers(0, 256, (60 + 20 * index, 90), np.uint8) if index < 4 else np.full((80, 80), 7, np.uint8)
        )
        Image.fromarray(pixels).save(tmp_path / f"film {index}.png")
    return [ImageRef(tmp_path / f"film {index}.png") for index in range(5)]


@dataclass
class FaultyEngine:
    """The bundle's engine with a fault injected at its edge."""

    inner: Engine
    not_a_number: int | None = None
    error: Exception | None = None
    name: str = "onnx-cpu"
    why: str = "because"

    def run(self, films: Floats) -> Output:
        if self.error is not None:
            raise self.error
        output = self.inner.run(films)
        if self.not_a_number is not None:
            output.logits[self.not_a_number] = np.nan
        return output


def test_a_film_has_its_findings_and_maps(bundle: ModelBundle, refs: list[ImageRef]) -> None:
    result = Analyser(bundle, choose_engine(bundle, "onnx")).analyse(refs[0], CancelToken())
    assert (result.ref, result.model, result.weights_sha256) == (refs[0], "trial@1", bundle.weights_sha256)
    assert [(finding.label, finding.operating_point) for finding in result.findings] == [("OPACITY", 0.4)]
    assert 0 < result.findings[0].probability < 1
    (heatmap,) = result.heatmaps
    assert (heatmap.label, heatmap.scale, heatmap.raw.shape) == ("OPACITY", 0.02, (8, 8))
    assert heatmap.raw.dtype == np.float32
    assert result.gate.accepted
    assert not result.gate.reasons
    assert result.engine == "onnx-cpu"
    assert result.embedding.shape == (96,)
    assert not result.embedding.flags.writeable
    assert result.seconds > 0


def test_several_labels_keep_their_own_maps(multi_bundle: ModelBundle, refs: list[ImageRef]) -> None:
    analyser = Analyser(multi_bundle, choose_engine(multi_bundle, "onnx"))
    result = analyser.analyse(refs[0], CancelToken())
    output = analyser.engine.run(np.asarray(analyser.load(refs[0]).grey[None, None] / 255, np.float32))
    assert [heatmap.label for heatmap in result.heatmaps] == list(multi_bundle.card.labels)
    assert [heatmap.scale for heatmap in result.heatmaps] == [0.02, 0.03, 0.04]
    for index, heatmap in enumerate(result.heatmaps):
        assert np.allclose(heatmap.raw, output.class_maps[0, index], atol=1e-6)


def test_results_do_not_depend_on_the_batch(bundle: ModelBundle, refs: list[ImageRef]) -> None:
    analyser = Analyser(bundle, choose_engine(bundle, "onnx"))
    together = analyser.results([analyser.load(ref) for ref in refs])
    for ref, outcome in zip(refs, together, strict=True):
        assert not isinstance(outcome, FilmError)
        alone = analyser.analyse(ref, CancelToken())
        assert abs(alone.findings[0].probability - outcome.findings[0].probability) <= 1e-6


def test_a_score_that_is_no_number_is_an_error_of_its_film_only(bundle: ModelBundle, refs: list[ImageRef]) -> None:
    analyser = Analyser(bundle, FaultyEngine(choose_engine(bundle, "onnx"), not_a_number=1))
    outcomes = analyser.results([analyser.load(ref) for ref in refs])
    assert [isinstance(outcome, FilmError) for outcome in outcomes] == [False, True, False, False, False]
    assert isinstance(outcomes[1], FilmError)
    assert outcomes[1].code is Code.ANALYSIS_FAILED


@pytest.mark.parametrize("error", [EngineMemoryError("Full."), EngineLostError("Gone.")])
def test_an_engine_that_fails_is_an_error_of_the_film(
    bundle: ModelBundle, refs: list[ImageRef], error: Exception
) -> None:
    analyser = Analyser(bundle, FaultyEngine(choose_engine(bundle, "onnx"), error=error))
    with pytest.raises(FilmError) as caught:
        analyser.analyse(refs[0], CancelToken())
    assert caught.value.code is Code.ANALYSIS_FAILED


def test_a_cancelled_film_is_given_up(bundle: ModelBundle, refs: list[ImageRef]) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        Analyser(bundle, choose_engine(bundle, "onnx")).analyse(refs[0], token)


def test_of_no_films_nothing_is_said(bundle: ModelBundle) -> None:
    assert Analyser(bundle, choose_engine(bundle, "onnx")).results([]) == []


def test_another_operating_point_runs_no_network(bundle: ModelBundle, refs: list[ImageRef]) -> None:
    result = Analyser(bundle, choose_engine(bundle, "onnx")).analyse(refs[0], CancelToken())
    probability = result.findings[0].probability
    (low,), (high,) = (at_points(result.findings, {"OPACITY": point}) for point in (probability, probability + 1e-9))
    assert (low.flagged, high.flagged) == (True, False)
    assert low.probability == high.probability == probability


def test_a_part_of_a_film_is_no_film_where_no_gate_says_so(bundle: ModelBundle, tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    Image.fromarray(np.random.default_rng(1).integers(1, 256, (80, 90), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(FilmError) as refusal:
        Analyser(bundle, choose_engine(bundle, "onnx")).analyse(ImageRef(path), CancelToken())
    assert refusal.value.code is Code.TRUNCATED
    assert "% of the image is there." in refusal.value.message
