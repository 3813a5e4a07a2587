"""How a model does in groups of films: by sex, age, view and source, where they are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from inference.bundles.card import Measure
from training.films.source import Subject
from training.judging.evaluate import Scored
from training.judging.metrics import auc, by_patient, share_by_patient

FEW = 30  # ill or healthy films: with fewer, the intervals are so wide that groups can't be told apart
UNKNOWN = "not known"
Bools = npt.NDArray[np.bool_]
Trait = Literal["sex", "age", "view", "source"]
TRAITS: tuple[Trait, ...] = ("sex", "age", "view", "source")
_BANDS = ((18.0, "under 18"), (40.0, "18 to 39"), (65.0, "40 to 64"), (np.inf, "65 and over"))
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male", "o": "other", "other": "other"}
_YEARS = {"": 1.0, "Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


@dataclass(frozen=True, slots=True)
class Group:
    """One group of films. A measure is None where its films do not define it."""

    trait: Trait
    name: str
    films: int
    patients: int
    ill: int
    auc: Measure | None
    sensitivity: Measure | None
    specificity: Measure | None

    @property
    def healthy(self) -> int:
        return self.films - self.ill

    @property
    def is_small(self) -> bool:
        """Whether there are too few films of either kind to tell it from another group."""
        return min(self.ill, self.healthy) < FEW


def groups_of(
    films: Scored, subjects: Sequence[Subject], point: float, known: Sequence[Group] = ()
) -> tuple[Group, ...]:
    """Every group of each trait that is known of some film, the unknown last; none where a trait is of one kind only.

    `subjects` [N] go with the films; films at or above `point`, a probability, are called ill.
    `known` are the same groups at another point, whose AUCs need not be drawn again.
    """
    found: list[Group] = []
    aucs = {(group.trait, group.name): group.auc for group in known}
    for trait in TRAITS:
        names = np.array([group_name(trait, getattr(subject, trait)) for subject in subjects])
        present = sorted(set(names.tolist()), key=_order)
        if len(present) > 1:
            for name in present:
                inside = names == name
                area = aucs[trait, name] if (trait, name) in aucs else _auc(films, inside)
                found.append(_group((trait, name), films, inside, point, area))
    return tuple(found)


def group_name(trait: Trait, value: str) -> str:
    """The group that a film's value falls into."""
    text = value.strip()
    if trait == "age":
        return _age_band(text)
    if trait == "sex":
        return _SEXES.get(text.casefold(), UNKNOWN)
    return (text.upper() if trait == "view" else text) or UNKNOWN


def _age_band(text: str) -> str:
    """Years, or DICOM's age string such as 018M (PS3.5 6.2, AS)."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*([YMWD]?)", text.upper())
    if found is None:
        return UNKNOWN
    years = float(found.group(1)) * _YEARS[found.group(2)]
    return next(name for below, name in _BANDS if years < below)


def _order(name: str) -> tuple[bool, int, str]:
    bands = [band for _, band in _BANDS]
    return (name == UNKNOWN, bands.index(name) if name in bands else 0, name)


def _auc(films: Scored, inside: Bools) -> Measure | None:
    ill, patients = films.ill[inside], films.patients[inside]
    if ill.all() or not ill.any() or len(np.unique(patients)) < 2:
        return None
    return by_patient(ill, films.probabilities[inside], patients, auc)


def _group(who: tuple[Trait, str], films: Scored, inside: Bools, point: float, area: Measure | None) -> Group:
    ill, patients = films.ill[inside], films.patients[inside]
    called = films.probabilities[inside] >= point
    return Group(
        trait=who[0],
        name=who[1],
        films=len(ill),
        patients=len(np.unique(patients)),
        ill=int(ill.sum()),
        auc=area,
        sensitivity=share_by_patient(called[ill], patients[ill]) if ill.any() else None,
        specificity=share_by_patient(~called[~ill], patients[~ill]) if (~ill).any() else None,
    )
