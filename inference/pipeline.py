"""`Analyser`: from a film to what one model says of it. The window and the `screen` command use the very same one."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imaging.errors import Code, FilmError
from imaging.heatmap import Heatmap
from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.bundle import ModelBundle
from inference.engine import Engine, EngineError, Floats
from inference.gate import verdict
from inference.operating import recommended_points
from inference.preprocess import Grey, grid_rect, load_grey, to_input
from inference.results import Finding, ImageResult
from inference.scores import logit_index, probabilities


@dataclass(frozen=True, slots=True, eq=False)
class LoadedFilm:
    """A film ready for the network: `grey` is uint8 [S, S], `full_size_px` (height, width) of the film itself."""

    ref: ImageRef
    grey: Grey
    full_size_px: tuple[int, int]
    seconds: float


class Analyser:
    """One bundle on one engine. `load` may run in any thread; the rest belongs to the engine's."""

    def __init__(self, bundle: ModelBundle, engine: Engine) -> None:
        self.bundle = bundle
        self.engine = engine

    def load(self, ref: ImageRef) -> LoadedFilm:
        """Decode a film and make the network's view of it. Raises FilmError."""
        start = time.perf_counter()
        grey, image = load_grey(ref, self.bundle.card.preprocess)
        return LoadedFilm(image.ref, grey, image.full_size_px, time.perf_counter() - start)

    def analyse(self, ref: ImageRef, token: CancelToken) -> ImageResult:
        """Analyse one film. Raises FilmError; Cancelled between decoding and the network."""
        token.check()
        film = self.load(ref)
        token.check()
        (outcome,) = self.results([film])
        if isinstance(outcome, FilmError):
            raise outcome
        return outcome

    def results(self, films: Sequence[LoadedFilm]) -> list[ImageResult | FilmError]:
        """What the model says of each film, in their order; an error for a film whose scores are no numbers."""
        if not films:
            return []
        start = time.perf_counter()
        try:
            output = self.engine.run(to_input(np.stack([film.grey for film in films])))
        except EngineError as error:
            failed = FilmError(Code.ANALYSIS_FAILED, "The network could not be run on this film.", detail=error.detail)
            return [failed for _ in films]
        scores = probabilities(self.bundle.card, output.logits)
        share = (time.perf_counter() - start) / len(films)
        return [
            self._result(film, scores[index], output.class_maps[index], film.seconds + share)
            for index, film in enumerate(films)
        ]

    def _result(self, film: LoadedFilm, scores: np.ndarray, maps: Floats, seconds: float) -> ImageResult | FilmError:
        """`scores` is float64 [F], `maps` float32 [K, h, w]."""
        if not (np.isfinite(scores).all() and np.isfinite(maps).all()):
            return FilmError(Code.ANALYSIS_FAILED, "The model gave no usable score for this film.")
        card = self.bundle.card
        points = recommended_points(card)
        rect = grid_rect(card.preprocess, film.full_size_px)
        findings = [
            Finding(label, float(score), points[label]) for label, score in zip(card.findings, scores, strict=True)
        ]
        heatmaps = [
            Heatmap(label, maps[logit_index(card, label)].copy(), card.heat_scale[label], rect)
            for label in card.findings
        ]
        return ImageResult(
            ref=film.ref,
            model=self.bundle.id,
            weights_sha256=self.bundle.weights_sha256,
            findings=tuple(findings),
            heatmaps=tuple(heatmaps),
            gate=verdict(card.gate),
            seconds=seconds,
            engine=self.engine.name,
        )


def at_points(findings: Sequence[Finding], points: Mapping[str, float]) -> tuple[Finding, ...]:
    """Stored scores against other operating points; no network runs."""
    return tuple(dataclasses.replace(finding, operating_point=points[finding.label]) for finding in findings)
