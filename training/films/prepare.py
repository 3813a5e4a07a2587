"""From a plan to the films it trains with: read, parted by patient, decoded once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imaging.progress import CancelToken
from inference.bundles.card import Activation
from training.choose import activation_of
from training.films.acquisition import clusters_for
from training.films.cache import CachedFilms
from training.films.data_error import DataError
from training.films.film_set import FilmSet
from training.films.manifest import Manifest
from training.films.near_twins import with_near_twins_joined
from training.films.reading import Say, decoded_films, listed_films
from training.films.split import FEWEST, Positions, Split
from training.films.targets import targets_of
from training.films.taught import split_of
from training.learn.batches import Material
from training.plan import TrainingPlan
from training.running.events import WatchedFilm

COLLECTED_ALIKE, COLLECTED_OTHERWISE = "collected like the training films", "collected otherwise"


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The films of a plan: what is known of each, where they stand, and how the network sees them."""

    plan: TrainingPlan
    manifest: Manifest
    split: Split
    cached: CachedFilms

    @property
    def activation(self) -> Activation:
        """How the card calls the plan's outputs."""
        return activation_of(self.plan.network)

    @property
    def outputs(self) -> int:
        """The number of logits."""
        return 1 if self.plan.network.outputs == "one_logit" else len(self.manifest.labels)

    @property
    def findings(self) -> tuple[str, ...]:
        return tuple(label for label in self.manifest.labels if label != self.manifest.normal_label)

    @property
    def fingerprint(self) -> str:
        """What changes when a film, its labels, its patient or its part does: a sha256."""
        whole = hashlib.sha256()
        for film in self.manifest.films:
            row = [film.digest, film.frame, film.labels, film.patient, film.part]
            whole.update(json.dumps(row).encode("ascii") + b"\n")
        whole.update(json.dumps(sorted(self.cached.why)).encode("ascii"))
        for positions in (self.split.train, self.split.validation, self.split.test):
            whole.update(json.dumps(positions.tolist()).encode("ascii"))
        return whole.hexdigest()

    def material(self, positions: Positions) -> Material:
        """Films for the loop; nothing is copied."""
        labels_of = [self.manifest.films[at].labels for at in positions]
        targets = targets_of(labels_of, self.manifest.labels, self.manifest.normal_label, self.plan.network.outputs)
        groups = tuple(self.groups(positions).values())
        return Material(self.cached.films, positions, targets, groups=groups)

    def seen(self) -> tuple[tuple[str, int, str], ...]:
        """Every film by digest and frame, and the part that it stands in."""
        parts = dict.fromkeys(self.split.train.tolist(), "train")
        parts |= dict.fromkeys(self.split.validation.tolist(), "validation")
        return tuple((film.digest, film.frame, parts.get(at, "")) for at, film in enumerate(self.manifest.films))

    def groups(self, positions: Positions) -> dict[str, npt.NDArray[np.bool_]]:
        """Which of these films, [N], were collected like those that are trained on, and which otherwise; no groups
        where none were held out for that.
        """
        apart = np.isin(positions, self.split.apart)
        return {COLLECTED_ALIKE: ~apart, COLLECTED_OTHERWISE: apart} if apart.any() and not apart.all() else {}

    def patients(self, positions: Positions) -> npt.NDArray[np.str_]:
        """Whose films these are, text [N]."""
        return np.array([self.manifest.films[at].patient for at in positions])

    def told_of(self, positions: Positions) -> tuple[WatchedFilm, ...]:
        """Films as whoever watches the run is told of them."""
        films = (self.manifest.films[at] for at in positions)
        return tuple(WatchedFilm(film.path.as_posix(), film.frame, ", ".join(film.labels)) for film in films)

    def film_set(self, positions: Positions, described: str, most: int | None = None) -> FilmSet:
        """Films for judging and sealing, in memory: all of them, or `most` spread evenly."""
        chosen = positions
        if most is not None and len(positions) > most:
            chosen = positions[np.linspace(0, len(positions) - 1, most).astype(np.int64)]
        films = [self.manifest.films[at] for at in chosen]
        return FilmSet(
            films=np.asarray(self.cached.films[chosen]),
            truth={label: np.array([label in film.labels for film in films]) for label in self.findings},
            patients=self.patients(chosen),
            described=described,
            digests=tuple(film.digest for film in films),
            groups=self.groups(chosen),
            trained_on=tuple(sorted({self.manifest.films[at].digest for at in positions})),
        )


def prepare(plan: TrainingPlan, token: CancelToken, say: Say, cache: Path | None = None) -> Prepared:
    """Read, decode and part a plan's films. `say` is told in words how far it is. Raises DataError, Cancelled."""
    manifest = listed_films(plan, token, say)
    _check_outputs(plan, manifest)
    cached = decoded_films(plan, manifest, token, say, cache)
    manifest = dataclasses.replace(manifest, films=with_near_twins_joined(manifest.films, cached))
    split = _readable(split_of(plan, manifest, clusters_for(plan, manifest, cached, token)), cached)
    prepared = Prepared(plan, manifest, split, cached)
    _check_parts(prepared)
    return prepared


def _readable(split: Split, cached: CachedFilms) -> Split:
    """The parts without what can't be decoded."""
    return dataclasses.replace(
        split,
        train=split.train[cached.readable[split.train]],
        validation=split.validation[cached.readable[split.validation]],
        test=split.test[cached.readable[split.test]],
        apart=split.apart[cached.readable[split.apart]],
    )


def _check_outputs(plan: TrainingPlan, manifest: Manifest) -> None:
    outputs, count = plan.network.outputs, len(manifest.labels)
    if outputs == "one_logit" and (count != 2 or manifest.normal_label is None):
        raise DataError(
            "One logit tells a finding from the normal class, but the films have "
            f"{count} classes{'' if manifest.normal_label else ' and none of them is the normal one'}."
        )
    if outputs != "sigmoid" and manifest.is_multi_label:
        raise DataError("Some films have several labels: that takes independent sigmoids.")


def _check_parts(prepared: Prepared) -> None:
    """Each finding needs ill and healthy films in each part that teaches or judges."""
    split = prepared.split
    for part, positions in (("training", split.train), ("validation", split.validation)):
        for label in prepared.findings:
            ill = sum(label in prepared.manifest.films[at].labels for at in positions)
            if min(ill, len(positions) - ill) < FEWEST:
                raise DataError(
                    f"In the {part} part {ill} of {len(positions):,} films show {label}, and the others do not; "
                    f"it needs {FEWEST} of each at least."
                )
