"""How a model bears the changes of `sealing.shifts`: its scores under each, a table of them, and the worst counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from inference.bundles.card import ModelCard, OperatingPoints
from inference.engines.engine import Engine
from inference.scoring.preprocess import Grey
from inference.scoring.scores import probabilities
from training.films.film_set import FilmSet
from training.judging.metrics import at_threshold, auc
from training.sealing.calibrate import operating_points
from training.sealing.outputs import run_engine
from training.sealing.shifts import SUITE, shifted

AS_COLLECTED = "as collected"
BEARS_SHIFTS = "bear_shifts"  # in a card's recipe: its operating points are counted under the worst change

Vector = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float64]  # [N, K], calibrated, by the findings of the card


def scores_under_shifts(card: ModelCard, engine: Engine, films: Grey) -> dict[str, Scores]:
    """What a model says of films, uint8 [N, S, S], under each change. Raises EngineError."""
    return {name: probabilities(card, run_engine(engine, shifted(films, name)).logits) for name in SUITE}


def shift_table(
    card: ModelCard, validation: FilmSet, scores: Mapping[str, Scores]
) -> dict[str, dict[str, dict[str, float]]]:
    """For each finding its AUC, sensitivity, specificity and accuracy at the recommended point: of the films as they
    are, of each of their groups, and under each change. A group of one kind of films has no row.
    """
    whole = np.ones(len(validation), dtype=bool)
    judged = [(AS_COLLECTED, scores[AS_COLLECTED], whole)]
    judged += [(name, scores[AS_COLLECTED], group) for name, group in validation.groups.items()]
    judged += [(name, of, whole) for name, of in scores.items() if name != AS_COLLECTED]
    tables: dict[str, dict[str, dict[str, float]]] = {label: {} for label in card.findings}
    for name, of, group in judged:
        for position, label in enumerate(card.findings):
            ill, own = validation.truth[label][group], of[group, position]
            if 0 < ill.sum() < len(ill):
                row = {"auc": auc(ill, own)} | at_threshold(ill, own, card.operating[label].recommended)
                tables[label][name] = {measure: round(value, 4) for measure, value in row.items()}
    return tables


def operating_of(card: ModelCard, validation: FilmSet, label: str, scores: Mapping[str, Vector]) -> OperatingPoints:
    """The table behind the slider, counted as the card's recipe says: on the films as collected, or under the worst
    change; the recommended one finds enough in each group of the films. `scores` [N] are those of one finding, by
    change; what the recipe does not count may be left out.
    """
    films = validation.described
    changed = [of for name, of in scores.items() if name != AS_COLLECTED] if counts_worst(card) else []
    if changed:
        films += f", counted under the worst of {len(changed)} changes of exposure, framing and sharpness,"
    return operating_points(
        validation.truth[label],
        scores[AS_COLLECTED],
        validation.patient_count,
        films,
        changed=changed,
        groups=validation.groups.values(),
    )


def shifts_of(card: ModelCard) -> dict[str, dict[str, dict[str, float]]]:
    """`shift_table` as the card has it; nothing where it has none, or none that can be read."""
    table = card.recipe.get("shifts")
    return table if isinstance(table, dict) and all(isinstance(of, dict) for of in table.values()) else {}


def counts_worst(card: ModelCard) -> bool:
    """Whether the operating points of a model are counted under the worst change."""
    return card.recipe.get(BEARS_SHIFTS) is True
