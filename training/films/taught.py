"""What the model that a run goes on from has learnt already: films that can't judge it, nor what comes of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from imaging.errors import NegatoscopeError
from training.films.manifest import LabelledFilm, Manifest
from training.films.split import Split, split_films
from training.plan import TrainingPlan


def patients_of(films: Sequence[LabelledFilm], digests: Collection[str]) -> frozenset[str]:
    """Whose films have these digests: all other films of theirs are no strangers either."""
    return frozenset(film.patient for film in films if film.digest in digests)


def taught_patients(plan: TrainingPlan, films: Sequence[LabelledFilm]) -> frozenset[str]:
    """The patients who taught the model that a plan starts from, as far as its bundle lists its films.

    None where it is not installed: starting from it says so.
    """
    if plan.network.start.kind != "bundle":
        return frozenset()
    from inference.bundles.models_dir import find
    from inference.scoring.similar import trained_on

    try:
        return patients_of(films, trained_on(find(plan.network.start.bundle)))
    except NegatoscopeError:
        return frozenset()


def split_of(plan: TrainingPlan, manifest: Manifest, clusters: npt.NDArray[np.int64] | None) -> Split:
    """The films of a plan, parted so that the parts that judge are new to the starting model too, where there are
    enough such films. `clusters` are those of `acquisition.clusters_for`. Raises DataError.
    """
    return split_films(manifest, plan.data, plan.seed, taught_patients(plan, manifest.films), clusters)
