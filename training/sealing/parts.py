"""The optional files of a bundle, made when it is sealed: each from what was counted on the validation films."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save

from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GATE, GRAPH, QUANTISED, REFERENCE, ModelCard
from inference.engines.engine import Engine, Floats, Output
from inference.scoring.preprocess import Grey
from training.films.film_set import FilmSet
from training.sealing.gate_effort import Effort
from training.sealing.gate_fit import TooFewFilmsError, fit_gate
from training.sealing.outputs import run_engine
from training.sealing.quantise import NotOffered, quantise
from training.sealing.reference import digests_array, reference_of

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class JudgedBundle:
    """A bundle with its new card, the engine that runs it, its films, and what it says of them.

    `output` is that of the validation films, `embeddings` float32 [N, D] are those of the training films.
    """

    card: ModelCard
    bundle: ModelBundle
    engine: Engine
    training: FilmSet
    validation: FilmSet
    output: Output
    embeddings: Floats


@dataclass(frozen=True, slots=True)
class Parts:
    """The card that speaks of the optional files, and their contents by name."""

    card: ModelCard
    contents: dict[str, bytes] = field(default_factory=dict)


def parts_of(judged: JudgedBundle) -> Parts:
    """Every optional file that the films allow."""
    parts = Parts(judged.card)
    for add in (_with_gate, _with_reference, _with_quantised):
        parts = add(judged, parts)
    return parts


def _with_gate(judged: JudgedBundle, parts: Parts) -> Parts:
    """The gate, where there are films enough; else the reason goes to the log."""

    def embed(films: Grey) -> Floats:
        return run_engine(judged.engine, films).embedding

    try:
        spec, arrays = fit_gate(
            judged.training, judged.validation, embed, effort=Effort.for_films(len(judged.training))
        )
    except TooFewFilmsError as error:
        _LOG.info("%s", error.message)
        return parts
    _LOG.info("the gate lets %.1f %% of the validation films through", 100 * spec.let_through.value)
    return Parts(dataclasses.replace(parts.card, gate=spec), {**parts.contents, GATE: save(arrays)})


def _with_reference(judged: JudgedBundle, parts: Parts) -> Parts:
    """The films to show as examples, where their pictures can be found again."""
    training = judged.training
    films = np.array(training.phantoms, np.int64) if training.phantoms else training.digests
    if not len(films):
        return parts
    labels = _multi_hot(parts.card, training)
    spec, arrays = reference_of(judged.embeddings, labels, films, patients=training.patients)
    if training.trained_on:
        arrays["trained_on"] = digests_array(training.trained_on)
    card = dataclasses.replace(parts.card, reference=spec)
    return Parts(card, {**parts.contents, REFERENCE: save(arrays)})


def _multi_hot(card: ModelCard, films: FilmSet) -> npt.NDArray[np.uint8]:
    """Which of the card's labels each film has, uint8 [N, K]; the normal one where it has no finding."""
    found = {label: films.truth[label] for label in card.findings}
    healthy = ~np.stack(list(found.values())).any(axis=0)
    return np.stack([found.get(label, healthy) for label in card.labels], axis=1).astype(np.uint8)


def _with_quantised(judged: JudgedBundle, parts: Parts) -> Parts:
    """The int8 graph, where it holds; else the reason goes to the log."""
    graph = judged.bundle.content(GRAPH)
    made = quantise(graph, judged.card, judged.training, judged.validation, judged.output)
    if isinstance(made, NotOffered):
        _LOG.info("%s", made.reason)
        return parts
    card = dataclasses.replace(parts.card, quantised=made.spec)
    return Parts(card, {**parts.contents, QUANTISED: made.graph})
