"""How films were collected, told from the pictures alone: exposure, sharpness, noise, framing, aspect. Films that were
collected alike make a cluster, and a cluster that is held out stands for films of another room.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from imaging.progress import CancelToken
from inference.gate.gate_features import quality
from inference.scoring.preprocess import Grey
from training.films.cache import CachedFilms
from training.films.manifest import Manifest
from training.plan import TrainingPlan

FEWEST_CLUSTERS, MOST_CLUSTERS, FILMS_A_CLUSTER = 6, 10, 500
_STORED = "acquisition-1.npy"  # beside the decoded films; another number for other facts
_DARK = 0.06  # of full brightness: what lies below is border or air
_EDGE_SHARE = 0.05
_FAR = 3.0  # deviations; what lies further counts no more, so that a handful of odd films makes no cluster
_SAMPLE_SIDE = 224  # px at which facts are told, so that they do not depend on the network's input

Facts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What one film tells of how it was made; none of it names an organ.

    `mean`, `low` and `high` are its mean, its darkest and its brightest twentieth, 0 to 1. `noise` is a logarithm and
    `sharpness` a ratio, both of `gate_features.quality`; `fine` is by how much the finest detail outweighs the next
    coarser one (a logarithm: resampling takes it away). `edges` is the logarithm of gradients across over gradients
    down: a film that was squashed from wide has more of them across. `dark` is the share of dark pixels, `top`,
    `bottom` and `sides` how bright the film's margins are. `aspect` and `size` are the logarithms of width over height
    and of the square root of their product, in pixels of the file.
    """

    mean: float
    low: float
    high: float
    noise: float
    sharpness: float
    fine: float
    edges: float
    dark: float
    top: float
    bottom: float
    sides: float
    aspect: float
    size: float


def acquisition_of(film: Grey, height_px: int, width_px: int) -> Acquisition:
    """The facts of one film, uint8 [S, S], whose file is so many pixels high and wide."""
    small = cv2.resize(film, (_SAMPLE_SIDE, _SAMPLE_SIDE), interpolation=cv2.INTER_AREA)
    seen, found = small.astype(np.float32) / 255.0, quality(np.asarray(small, np.uint8))
    low, high = np.percentile(seen[::2, ::2], (5, 95))
    soft, softer = (cv2.GaussianBlur(seen, (0, 0), sigma) for sigma in (0.8, 2.0))
    across, down = (float(np.abs(np.diff(seen, axis=axis)).mean()) for axis in (1, 0))
    edge = round(_SAMPLE_SIDE * _EDGE_SHARE)
    return Acquisition(
        mean=float(seen.mean()),
        low=float(low),
        high=float(high),
        noise=float(np.log(found.noise + 1e-3)),
        sharpness=found.sharpness,
        fine=float(np.log((np.std(seen - soft) + 1e-4) / (np.std(soft - softer) + 1e-4))),
        edges=float(np.log((across + 1e-4) / (down + 1e-4))),
        dark=float((seen < _DARK).mean()),
        top=float(seen[:edge].mean()),
        bottom=float(seen[-edge:].mean()),
        sides=float((seen[:, :edge].mean() + seen[:, -edge:].mean()) / 2.0),
        aspect=float(np.log(max(width_px, 1) / max(height_px, 1))),
        size=float(np.log(max(height_px * width_px, 1)) / 2.0),
    )


def facts_of(films: Grey, sizes_px: npt.NDArray[np.int32], token: CancelToken | None = None) -> Facts:
    """The facts of films, uint8 [N, S, S], with (height, width) of their files, [N, 2]: float64 [N, F].

    Raises Cancelled.
    """
    names = [field.name for field in fields(Acquisition)]
    facts = np.zeros((len(films), len(names)))
    for at, (film, size) in enumerate(zip(films, sizes_px, strict=True)):
        (token or CancelToken()).check()
        found = acquisition_of(film, int(size[0]), int(size[1]))
        facts[at] = [getattr(found, name) for name in names]
    return facts


def clusters_of(facts: Facts, count: int | None = None) -> npt.NDArray[np.int64]:
    """Which of at most `count` clusters each film belongs to, int64 [N]: k-means on standardised facts [N, F].

    `count` None has one cluster for five hundred films, at least six and at most ten. What all films have in common
    tells nothing. The same facts give the same clusters, whatever the number of threads.
    """
    if len(facts) < 2:
        return np.zeros(len(facts), np.int64)
    count = count or min(max(FEWEST_CLUSTERS, len(facts) // FILMS_A_CLUSTER), MOST_CLUSTERS)
    told = facts[:, facts.std(axis=0) > 1e-6]
    standard = np.clip((told - told.mean(axis=0)) / told.std(axis=0), -_FAR, _FAR).round(6)
    different = len(np.unique(standard, axis=0)) if standard.shape[1] else 0
    if min(count, different) < 2:
        return np.zeros(len(facts), np.int64)
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # the order of a sum would depend on it, and with it the last bits
        found = KMeans(min(count, different), n_init=5, random_state=0).fit_predict(standard)
    return np.asarray(found, np.int64)


def cluster_of_patients(clusters: npt.NDArray[np.int64], patients: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """For each film the cluster that most films of its patient belong to, int64 [N]; the lowest of equally many."""
    names, owner = np.unique(patients, return_inverse=True)
    counts = np.zeros((len(names), int(clusters.max(initial=0)) + 1), np.int64)
    np.add.at(counts, (owner, clusters), 1)
    return np.asarray(counts.argmax(axis=1)[owner], np.int64)


def clusters_for(
    plan: TrainingPlan, manifest: Manifest, cached: CachedFilms, token: CancelToken | None = None
) -> npt.NDArray[np.int64] | None:
    """The cluster of each film's patient, int64 [N], where the plan holds out a cluster; else None.

    Films that can't be decoded are in the cluster of the first. Raises Cancelled.
    """
    if plan.data.hold_out == "patients":
        return None
    facts = _stored_facts(cached, token)
    clusters = np.zeros(len(manifest.films), np.int64)
    clusters[cached.readable] = clusters_of(facts[cached.readable])
    return cluster_of_patients(clusters, np.array([film.patient for film in manifest.films], np.str_))


def _stored_facts(cached: CachedFilms, token: CancelToken | None) -> Facts:
    """From beside the decoded films, or counted anew and put there where the disk takes them."""
    path = cached.place / _STORED
    try:
        stored = np.load(path, allow_pickle=False)
        if stored.shape == (len(cached.films), len(fields(Acquisition))):
            return np.asarray(stored, np.float64)
    except (OSError, ValueError, EOFError):
        pass
    facts = facts_of(cached.films, cached.sizes_px, token)
    beside = path.with_name(f".{os.getpid()}.{_STORED}")
    try:
        np.save(beside, facts)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
    return facts
