"""From a trained network and the validation films it never saw to a sealed bundle with a truthful card.

Every number on the card is counted with the very graph that is served: the network is first written as a draft, and
the draft is judged as an installed bundle would be. Sealing again what is sealed already is therefore the same work.
"""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference.bundles.bundle import ModelBundle, rewrite_bundle, write_bundle
from inference.bundles.card import Activation, Calibration, DataSummary, ModelCard, OperatingPoints, StartRecord
from inference.engines.device import choose_engine
from inference.engines.engine import Output
from inference.networks.head_spec import HeadSpec
from inference.networks.network import FilmNetwork
from inference.scoring.preprocess import PreprocessSpec
from inference.scoring.scores import logit_index
from training.films.film_set import FilmSet
from training.judging.metrics import measures
from training.sealing.calibrate import Choice, choose_calibration, fit_calibration, heat_scale
from training.sealing.outputs import run_engine
from training.sealing.parts import JudgedBundle, parts_of
from training.sealing.robust import AS_COLLECTED, BEARS_SHIFTS, Scores, operating_of, scores_under_shifts, shift_table
from training.sealing.shifts import SUITE
from training.sealing.temperature import fit_temperature

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """What only its maker can say of a model."""

    name: str
    version: int
    title: str
    labels: tuple[str, ...]
    normal_label: str | None
    activation: Activation
    backbone: str
    head: HeadSpec
    start: StartRecord
    data: DataSummary
    intended_use: str
    limits: tuple[str, ...]
    licence: str


def seal(
    network: FilmNetwork,
    training: FilmSet,
    validation: FilmSet,
    words: Words,
    *,
    preprocess: PreprocessSpec,
    recipe: Mapping[str, Any],
    models_dir: Path,
    bear_shifts: bool = False,
) -> ModelBundle:
    """Write `models_dir/name@version`: the network, judged on the validation films.

    `bear_shifts`: its operating points are counted under the worst change of `sealing.shifts`. Raises BundleError,
    OSError.
    """
    recipe = dict(recipe) | ({BEARS_SHIFTS: True} if bear_shifts else {})
    with tempfile.TemporaryDirectory() as folder:
        draft = write_bundle(Path(folder) / "draft", draft_card(words, preprocess, recipe), network)
        return seal_again(draft, training, validation, models_dir)


def seal_again(bundle: ModelBundle, training: FilmSet, validation: FilmSet, models_dir: Path) -> ModelBundle:
    """Judge the network of a bundle anew and write it with a new card; weights and graph stay byte for byte."""
    engine = choose_engine(bundle, "onnx")
    output = run_engine(engine, validation.films)
    card = _calibrated(bundle.card, validation, output)
    _LOG.info("calibrated on %d films", len(validation))
    card = _judged(card, validation, output, scores_under_shifts(card, engine, validation.films))
    _LOG.info("held against %d changes of the films", len(SUITE))
    embeddings = run_engine(engine, training.films).embedding
    parts = parts_of(JudgedBundle(card, bundle, engine, training, validation, output, embeddings))
    return rewrite_bundle(models_dir / card.id, bundle, parts.card, parts.contents)


def _calibrated(card: ModelCard, validation: FilmSet, output: Output) -> ModelCard:
    """The card with what makes probabilities of logits."""
    choices = _choices(card, validation, output)
    return dataclasses.replace(
        card,
        calibration=_calibrations(card, validation, output, choices),
        recipe=dict(card.recipe) | {"calibration": {label: dataclasses.asdict(of) for label, of in choices.items()}},
    )


def _judged(card: ModelCard, validation: FilmSet, output: Output, under: Mapping[str, Scores]) -> ModelCard:
    """The calibrated card with all that is counted on the validation films; `under` are their scores by change."""
    truth, scores = validation.truth, dict(zip(card.findings, under[AS_COLLECTED].T, strict=True))
    points = {
        label: operating_of(card, validation, label, {name: of[:, position] for name, of in under.items()})
        for position, label in enumerate(card.findings)
    }
    maps = {label: output.class_maps[:, logit_index(card, label)] for label in card.findings}
    card = dataclasses.replace(
        card,
        operating=points,
        heat_scale={label: heat_scale(maps[label], truth[label]) for label in card.findings},
        metrics={
            label: measures(truth[label], scores[label], validation.patients, points[label].recommended)
            for label in card.findings
        },
    )
    return dataclasses.replace(card, recipe=dict(card.recipe) | {"shifts": shift_table(card, validation, under)})


def _choices(card: ModelCard, validation: FilmSet, output: Output) -> dict[str, Choice]:
    """Which kind of calibration each logit gets; a softmax has no choice."""
    labels = card.findings if card.activation != "softmax" else ()
    logits = {label: output.logits[:, logit_index(card, label)].astype(np.float64) for label in labels}
    return {label: choose_calibration(validation.truth[label], logits[label], validation.patients) for label in labels}


def _calibrations(
    card: ModelCard, validation: FilmSet, output: Output, choices: Mapping[str, Choice]
) -> dict[str, Calibration]:
    """A softmax has one temperature for all its labels; other logits are calibrated each for itself."""
    logits = output.logits.astype(np.float64)
    if card.activation == "softmax":
        found = np.stack([validation.truth[label] for label in card.findings], axis=1)
        indices = np.array([logit_index(card, label) for label in card.findings])
        normal = card.labels.index(card.normal_label) if card.normal_label is not None else 0
        classes = np.where(found.any(axis=1), indices[found.argmax(axis=1)], normal)
        return dict.fromkeys(card.findings, Calibration(fit_temperature(classes, logits)))
    return {
        label: fit_calibration(validation.truth[label], logits[:, logit_index(card, label)], choice.kind)
        for label, choice in choices.items()
    }


def draft_card(words: Words, preprocess: PreprocessSpec, recipe: Mapping[str, Any]) -> ModelCard:
    """The card before anything was counted."""
    findings = [label for label in words.labels if label != words.normal_label]
    nothing = OperatingPoints(0.5, 0, 0, "no films", 0, 0, ())
    return ModelCard(
        **{field.name: getattr(words, field.name) for field in dataclasses.fields(words)},
        preprocess=preprocess,
        calibration=dict.fromkeys(findings, Calibration()),
        operating=dict.fromkeys(findings, nothing),
        heat_scale=dict.fromkeys(findings, 1.0),
        metrics={},
        recipe=dict(recipe),
    )
