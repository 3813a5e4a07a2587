"""The int8 graph of a bundle: made from its float32 graph, judged on the validation films, offered where it holds.

Weights are quantised a channel, activations a tensor, by the ranges seen on training films. The result holds standard
operators only (QuantizeLinear, DequantizeLinear) and takes and gives float32.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.bundles.card import ModelCard, QuantisedSpec
from inference.engines.engine import Output
from inference.engines.onnx_engine import INT8, OnnxEngine
from inference.scoring.preprocess import Grey
from inference.scoring.scores import logit_index, probabilities
from training.films.film_set import FilmSet
from training.judging.metrics import auc
from training.sealing.calibrate import heat_scale
from training.sealing.int8_graph import Int8Maker
from training.sealing.outputs import run_engine
from training.sealing.robust import AS_COLLECTED, Scores, counts_worst, operating_of, scores_under_shifts

AUC_TOLERANCE = 0.002
MAP_CORRELATION = 0.98
HEAT_TOLERANCE = 0.1  # of the peaks: maps of another size may correlate and yet be painted hotter or cooler
CALIBRATION_FILMS = 64
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Quantised:
    """A graph that holds."""

    graph: bytes
    spec: QuantisedSpec


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Why a bundle has no int8 graph, in one sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """What an int8 graph changes for one finding on the validation films.

    `auc` is its AUC less that of the float32 graph, `maps` Pearson's correlation of both graphs' raw maps over every
    cell of the ill films, `heat` the heat scale that its maps would have as a share of the one that float32 has.
    """

    auc: float
    maps: float
    heat: float

    @property
    def holds(self) -> bool:
        """False too where a number is none, for want of ill films or of healthy ones."""
        return abs(self.auc) <= AUC_TOLERANCE and self.maps >= MAP_CORRELATION and abs(self.heat - 1) <= HEAT_TOLERANCE


def quantise(
    graph: bytes, card: ModelCard, training: FilmSet, validation: FilmSet, output: Output
) -> Quantised | NotOffered:
    """The int8 graph of `graph`, the float32 one, which gave `output` on the validation films.

    `card` is that of the float32 graph, calibrated already: its calibration counts for the int8 logits too. Several
    graphs are made, each with more layers in float32 than the one before; the first that holds is taken. Equal films
    give equal bytes. Raises EngineError, BundleError.
    """
    if not all(_can_judge(validation.truth[label]) for label in card.findings):
        return NotOffered("An int8 graph is not offered: there are too few validation films to judge it by.")
    plainest = ""
    with Int8Maker(graph, _spread(training.films)) as maker:
        for in_float, content in maker.graphs():
            engine = OnnxEngine(content, card, INT8, "judged on the validation films")
            int8 = run_engine(engine, validation.films)
            changes = dict(_changes(card, validation, output, int8))
            words = "; ".join(_words(label, change) for label, change in changes.items())
            _LOG.info("int8 with %s in float32: %s", in_float, words)
            if all(change.holds for change in changes.values()):
                scores = {AS_COLLECTED: probabilities(card, int8.logits)}
                if counts_worst(card):
                    scores = scores_under_shifts(card, engine, validation.films)
                return Quantised(content, _spec(card, validation, changes, scores))
            plainest = plainest or words
    return NotOffered(f"An int8 graph is not offered: in its plainest form {plainest}.")


def _can_judge(ill: npt.NDArray[np.bool_]) -> bool:
    """Whether one pair of films that change places moves the AUC by no more than what is tolerated."""
    return int(ill.sum()) * int((~ill).sum()) * AUC_TOLERANCE >= 1


def _spread(films: Grey) -> Grey:
    """As many training films as the ranges are taken from, spread evenly over all of them."""
    chosen = np.linspace(0, len(films) - 1, min(CALIBRATION_FILMS, len(films))).astype(int)
    spread: Grey = films[chosen]
    return spread


def _changes(card: ModelCard, validation: FilmSet, before: Output, after: Output) -> Iterator[tuple[str, Change]]:
    scores = [probabilities(card, output.logits) for output in (before, after)]
    for position, label in enumerate(card.findings):
        ill = validation.truth[label]
        maps = [output.class_maps[:, logit_index(card, label)] for output in (before, after)]
        areas = [auc(ill, score[:, position]) for score in scores]
        yield label, Change(areas[1] - areas[0], *_maps_change(maps[0], maps[1], ill))


def _maps_change(
    before: npt.NDArray[np.float32], after: npt.NDArray[np.float32], ill: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Correlation over all cells of the ill films, and the ratio of the heat scales. Maps are float32 [N, h, w]."""
    cells = before[ill].ravel().astype(np.float64), after[ill].ravel().astype(np.float64)
    if not ill.any() or min(cells[0].std(), cells[1].std()) == 0:
        return float("nan"), float("nan")
    return float(np.corrcoef(*cells)[0, 1]), heat_scale(after, ill) / heat_scale(before, ill)


def _spec(
    card: ModelCard, validation: FilmSet, changes: dict[str, Change], scores: Mapping[str, Scores]
) -> QuantisedSpec:
    """`scores` are those of the int8 graph, by change."""
    return QuantisedSpec(
        auc_change={label: change.auc for label, change in changes.items()},
        map_correlation={label: change.maps for label, change in changes.items()},
        operating={
            label: operating_of(card, validation, label, {name: given[:, position] for name, given in scores.items()})
            for position, label in enumerate(card.findings)
        },
    )


def _words(label: str, change: Change) -> str:
    return (
        f"{label} changes its AUC by {change.auc:+.4f}, its maps correlate {change.maps:.3f} "
        f"and its heat is {change.heat:.2f} times the usual"
    )
