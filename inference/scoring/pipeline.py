"""`Analyser`: from a film to what one model says of it. The window and the `screen` command use the very same one."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imaging.errors import Code, FilmError
from imaging.heatmap import Heatmap
from imaging.progress import CancelToken
from imaging.read import refuse
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.engines.engine import NO_SCORE, Engine, EngineError, Floats, check_output
from inference.engines.served import served_card
from inference.gate.gate import read_gate
from inference.gate.gate_facts import FilmFacts, film_facts
from inference.maps.cells import cells_rect
from inference.networks.backbones import BACKBONES
from inference.scoring.operating import recommended_points
from inference.scoring.preprocess import Grey, grid_rect, load_grey, to_input
from inference.scoring.results import Finding, GateVerdict, ImageResult
from inference.scoring.scores import logit_index, probabilities


@dataclass(frozen=True, slots=True, eq=False)
class LoadedFilm:
    """A film ready for the network: `grey` is uint8 [S, S], `full_size_px` (height, width) of the film itself."""

    ref: ImageRef
    grey: Grey
    full_size_px: tuple[int, int]
    seconds: float
    facts: FilmFacts


class _Answer(NamedTuple):
    """What was found out about one film: `scores` are [F], `maps` float32 [K, h, w], `embedding` float32 [D]."""

    scores: npt.NDArray[np.float64]
    maps: Floats
    embedding: Floats
    verdict: GateVerdict


class Analyser:
    """One bundle on one engine. `load` may run in any thread; the rest belongs to the engine's.

    `card` is the bundle's with the operating points that this engine's scores are read at.
    A film outside the model's gate has no findings, unless `insist` is True. Raises BundleError for a damaged gate.
    """

    def __init__(self, bundle: ModelBundle, engine: Engine, *, insist: bool = False) -> None:
        self.bundle = bundle
        self.card = served_card(bundle.card, engine.name)
        self.engine = engine
        self.insist = insist
        self._gate = read_gate(bundle)

    def load(self, ref: ImageRef) -> LoadedFilm:
        """Decode a film and make the network's view of it. Raises FilmError.

        A film that is cut short is kept out by the gate; without one it is refused, for a part of a film is no film.
        """
        start = time.perf_counter()
        grey, image = load_grey(ref, self.card.preprocess)
        if self._gate is None and image.complete < 1.0:
            raise refuse.incomplete(image.complete)
        return LoadedFilm(image.ref, grey, image.full_size_px, time.perf_counter() - start, film_facts(image))

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
        """What the model says of each film, in their order; an error for a film whose scores are no numbers.

        Where the network fails on several films, each is tried alone.
        """
        if not films:
            return []
        start = time.perf_counter()
        try:
            output = self.engine.run(to_input(np.stack([film.grey for film in films])))
            check_output(output, len(films), self.card.outputs, BACKBONES[self.card.backbone].channels)
        except EngineError as error:
            if len(films) > 1:  # one film, or its room beside the others, may be the reason: the others go on
                return [outcome for film in films for outcome in self.results([film])]
            return [FilmError(Code.ANALYSIS_FAILED, error.message, detail=error.detail)]
        scores = probabilities(self.card, output.logits)
        verdicts = self._verdicts(films, output.embedding)
        share = (time.perf_counter() - start) / len(films)
        answers = map(_Answer, scores, output.class_maps, output.embedding, verdicts)
        return [self._result(film, answer, share) for film, answer in zip(films, answers, strict=True)]

    def _verdicts(self, films: Sequence[LoadedFilm], embeddings: Floats) -> list[GateVerdict]:
        if self._gate is None:
            return [GateVerdict()] * len(films)
        # Films whose numbers are none get no result, whatever the gate says.
        finite = np.nan_to_num(embeddings, posinf=0.0, neginf=0.0)
        return self._gate.verdicts([film.grey for film in films], finite, [film.facts for film in films])

    def _result(self, film: LoadedFilm, answer: _Answer, share_s: float) -> ImageResult | FilmError:
        """`share_s` is the film's part of the seconds that its batch took."""
        scores, maps, embedding, verdict = answer
        if not (np.isfinite(scores).all() and np.isfinite(maps).all() and np.isfinite(embedding).all()):
            return FilmError(Code.ANALYSIS_FAILED, NO_SCORE)
        if not verdict.accepted and self.insist:
            verdict = dataclasses.replace(verdict, insisted=True)
        speaks = verdict.accepted or verdict.insisted
        kept = embedding.copy()
        kept.setflags(write=False)
        return ImageResult(
            ref=film.ref,
            model=self.bundle.id,
            weights_sha256=self.bundle.weights_sha256,
            findings=self._findings(scores) if speaks else (),
            heatmaps=self._heatmaps(film, maps) if speaks else (),
            gate=verdict,
            seconds=film.seconds + share_s,
            engine=self.engine.name,
            embedding=kept,
        )

    def _findings(self, scores: npt.NDArray[np.float64]) -> tuple[Finding, ...]:
        card = self.card
        points = recommended_points(card)
        return tuple(
            Finding(label, float(score), points[label]) for label, score in zip(card.findings, scores, strict=True)
        )

    def _heatmaps(self, film: LoadedFilm, maps: Floats) -> tuple[Heatmap, ...]:
        card = self.card
        rect = grid_rect(card.preprocess, film.full_size_px)
        cells = cells_rect(card, (maps.shape[1], maps.shape[2]))
        return tuple(
            Heatmap(label, maps[logit_index(card, label)].copy(), card.heat_scale[label], rect, cells)
            for label in card.findings
        )


def at_points(findings: Sequence[Finding], points: Mapping[str, float]) -> tuple[Finding, ...]:
    """Stored scores against other operating points; no network runs."""
    return tuple(dataclasses.replace(finding, operating_point=points[finding.label]) for finding in findings)
