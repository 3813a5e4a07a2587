"""Which training films travel with a model as examples: their embeddings and labels, never their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.bundles.card import ReferenceSpec

MOST_FILMS = 1_000
DESCRIBED = "films it was trained on"

Order = npt.NDArray[np.intp]


def reference_of(
    embeddings: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    films: Sequence[str] | npt.NDArray[np.int64],
    seed: int = 0,
    *,
    patients: Sequence[str] | npt.NDArray[np.str_] | None = None,
    described: str = DESCRIBED,
    most: int = MOST_FILMS,
) -> tuple[ReferenceSpec, dict[str, npt.NDArray[Any]]]:
    """Choose at most `most` of N training films, and make the arrays of `reference.safetensors`.

    `embeddings` are float32 [N, D]; `labels` uint8 [N, K], 1 where a film has the card's label k; `films` the sha256
    (hex) of their files or, int64 [N], the seeds of synthetic films; `patients` [N], where they are known. Returns the
    card's record and `centre` float32 [D], the mean of all embeddings, `embeddings` float16 [M, D] as seen from there,
    of length 1, `labels` uint8 [M, K], and either `phantom` int64 [M] or `digest` uint8 [M, 32] with `trained_on`
    uint8 [T, 32], the digests of all N films.

    From the centre, because embeddings behind a ReLU all point into one corner: seen from zero, films that have nothing
    in common are alike too (ADR 21).

    The films are drawn at random, each combination of labels getting an equal share as far as it has films, and no
    patient a second film before every other has one. At random, because the share of ill films among the most similar
    ones is only worth telling where dense regions stay dense: choosing films far from one another would fill the
    reference with the odd ones. Equal shares, so that a rare finding has examples and 'half of them' is what a film
    that says nothing gets. Raises ValueError where the arrays do not fit or no film has a direction.
    """
    if not len(embeddings) == len(labels) == len(films) or (patients is not None and len(patients) != len(films)):
        raise ValueError("embeddings, labels, films and patients are not about the same films")
    finite = np.isfinite(embeddings).all(axis=1)
    if not finite.any():
        raise ValueError("no film has an embedding to compare")
    centre = embeddings[finite].mean(axis=0, dtype=np.float64).astype(np.float32)
    seen = embeddings - centre
    lengths = np.linalg.norm(seen.astype(np.float64), axis=1)
    usable = np.flatnonzero(finite & (lengths > 0))
    usable = usable[_first_of_each([films[place] for place in usable.tolist()])]
    if not len(usable):
        raise ValueError("no film has an embedding to compare")
    shuffled = np.random.default_rng(seed).permutation(usable)
    people = np.asarray(patients if patients is not None else np.arange(len(films)))
    chosen = np.sort(_drawn(shuffled, labels, people, most))
    arrays: dict[str, npt.NDArray[Any]] = {
        "centre": centre,
        "embeddings": (seen[chosen] / lengths[chosen, np.newaxis]).astype(np.float16),
        "labels": labels[chosen].astype(np.uint8),
    }
    if isinstance(films, np.ndarray):
        arrays["phantom"] = films[chosen].astype(np.int64)
        return ReferenceSpec(len(chosen), described, "phantom"), arrays
    arrays["digest"] = digests_array([films[place] for place in chosen.tolist()])
    arrays["trained_on"] = digests_array(sorted(set(films)))
    return ReferenceSpec(len(chosen), described, "digest"), arrays


def _first_of_each(films: Sequence[object]) -> Order:
    """The places of the films less their exact copies."""
    first = {film: place for place, film in reversed(list(enumerate(films)))}
    return np.array(sorted(first.values()), dtype=np.intp)


def _drawn(shuffled: Order, labels: npt.NDArray[np.uint8], people: npt.NDArray[Any], most: int) -> Order:
    """Round by round one film of each combination of labels, in the shuffled order."""
    kinds: dict[bytes, list[int]] = {}
    for place in shuffled.tolist():
        kinds.setdefault(labels[place].tobytes(), []).append(place)
    queues = [_patients_in_turn(kinds[kind], people) for kind in sorted(kinds)]
    turns = (place for turn in zip_longest(*queues) for place in turn if place is not None)
    return np.fromiter(turns, dtype=np.intp)[:most]


def _patients_in_turn(places: Sequence[int], people: npt.NDArray[Any]) -> list[int]:
    """The first film of every patient, then the second ones, and so on, each in the given order."""
    seen: dict[Any, int] = {}
    turns = []
    for place in places:
        person = people[place].item()
        seen[person] = seen.get(person, 0) + 1
        turns.append(seen[person])
    return [places[at] for at in np.argsort(turns, kind="stable")]


def digests_array(digests: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Digests in hex as uint8 [N, 32]. Raises ValueError for what is no sha256."""
    return np.frombuffer(bytes.fromhex("".join(digests)), np.uint8).reshape(len(digests), 32)
