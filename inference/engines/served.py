"""What the engine that serves a model changes about its card: the int8 graph has operating points of its own."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.bundles.card import ModelCard

_INT8 = "-int8"


def is_int8(engine_name: str) -> bool:
    """Whether an engine of this name, as in `screen` lines, runs the quantised graph."""
    return engine_name.partition("+")[0].endswith(_INT8)  # what follows a plus says how many views


def scores_sha256(card: ModelCard, weights_sha256: str, engine_name: str) -> str:
    """The hash that names what gives the scores: the weights, or the int8 graph.

    What was counted on the reader's own films with one of them says nothing of the other.
    """
    from inference.bundles.card import QUANTISED

    return card.files.get(QUANTISED, weights_sha256) if is_int8(engine_name) else weights_sha256


def served_card(card: ModelCard, engine_name: str) -> ModelCard:
    """The card by which this engine's scores are read.

    A threshold never moves from one graph to the other: those of the int8 graph were counted with its own scores.
    """
    if not is_int8(engine_name) or card.quantised is None:
        return card
    return dataclasses.replace(card, operating=card.quantised.operating)
