"""The optional files of a bundle, made when it is sealed: each from what was counted on the validation films."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass, field

from inference.bundle import ModelBundle
from inference.card import GRAPH, QUANTISED, ModelCard
from inference.engine import Engine, Output
from training.film_set import FilmSet
from training.quantise import NotOffered, quantise

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A bundle with its new card, the engine that runs it, its films, and its output on the validation films."""

    card: ModelCard
    bundle: ModelBundle
    engine: Engine
    training: FilmSet
    validation: FilmSet
    output: Output


@dataclass(frozen=True, slots=True)
class Parts:
    """The card that speaks of the optional files, and their contents by name."""

    card: ModelCard
    contents: dict[str, bytes] = field(default_factory=dict)


def parts_of(judged: Judged) -> Parts:
    """Every optional file that the films allow."""
    return _with_quantised(judged, Parts(judged.card))


def _with_quantised(judged: Judged, parts: Parts) -> Parts:
    """The int8 graph, where it holds; else the reason goes to the log."""
    graph = judged.bundle.content(GRAPH)
    made = quantise(graph, judged.card, judged.training, judged.validation, judged.output)
    if isinstance(made, NotOffered):
        _LOG.info("%s", made.reason)
        return parts
    card = dataclasses.replace(parts.card, quantised=made.spec)
    return Parts(card, {**parts.contents, QUANTISED: made.graph})
