"""A new model against the one that it goes on from, on the same kept films, before it may take its place."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from imaging.progress import CancelToken
from inference.bundles.bundle import ModelBundle
from inference.engines.device import choose_engine
from inference.scoring.operating import recommended_points
from inference.scoring.preprocess import Grey
from inference.scoring.scores import probabilities
from inference.scoring.similar import trained_on
from training.films.cache import cached_films
from training.films.prepare import Prepared
from training.films.split import Positions
from training.films.taught import patients_of
from training.judging.evaluate import Scored, measures_of
from training.judging.tests_of_difference import Difference, delong, mcnemar
from training.sealing.outputs import run_engine

Vector = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
FEWEST = 2  # films of each kind that a comparison needs
_TOLERATED = 0.02  # of AUC: few films make any difference one of chance, and in doubt the old model stays


def against(old: ModelBundle, new: ModelBundle, prepared: Prepared, scores: dict[str, Vector]) -> dict[str, Any]:
    """The section `against` of `result.json`: both models on the films of each part that neither has learnt from.

    scores: the new model's probabilities [N, K] of the whole part, by part. Parts without such films of both kinds are
    left out. `trained_on` counts the films of the part whose patients the old model is known to have learnt from.
    Raises BundleError, EngineError.
    """
    parts = {}
    for name, of_new in scores.items():
        found = _part(old, new, prepared, getattr(prepared.split, name), of_new)
        if found["labels"]:
            parts[name] = found
    return {"model": old.id, "weights_sha256": old.weights_sha256, "parts": parts}


def verdict(found: dict[str, Any]) -> str:
    """Why the new model should not take the old one's place, in one sentence; '' where nothing speaks against it: its
    AUC is neither lower beyond chance (DeLong) nor by more than is tolerated.

    The test part decides where there is one: the validation part has chosen the new model's epoch.
    """
    part: dict[str, Any] | None = found["parts"].get("test") or found["parts"].get("validation")
    if part is None:
        return f"It could not be compared with {found['model']}: there are no films of both kinds that both can judge."
    found_of = {label: measures["auc"] for label, measures in part["labels"].items()}
    worse = [label for label, auc in found_of.items() if auc["high"] < 0 or auc["value"] < -_TOLERATED]
    if not worse:
        return ""
    said = ", ".join(f"{label} by {-found_of[label]['value']:.3f}" for label in worse)
    return f"Its AUC is lower than that of {found['model']} on the same {part['films']:,} films: {said}."


def _part(
    old: ModelBundle, new: ModelBundle, prepared: Prepared, positions: Positions, of_new: Vector
) -> dict[str, Any]:
    films = prepared.manifest.films
    learnt = patients_of(films, trained_on(old))
    fresh = np.array([films[at].patient not in learnt for at in positions], dtype=bool)
    kept, labels = positions[fresh], {}
    shared = [label for label in prepared.findings if label in old.card.findings]
    if len(kept) and shared:
        logits = run_engine(choose_engine(old, "onnx"), _films(old, prepared, kept)).logits
        of_old = probabilities(old.card, logits)
        for label in shared:
            ill = np.array([label in prepared.manifest.films[at].labels for at in kept])
            pair = (
                of_new[fresh, prepared.findings.index(label)],
                of_old[:, old.card.findings.index(label)],
            )
            if min(ill.sum(), (~ill).sum()) >= FEWEST:
                points = recommended_points(new.card)[label], recommended_points(old.card)[label]
                labels[label] = _label(ill, prepared.patients(kept), pair, points)
    patients = len(set(prepared.patients(kept).tolist()))
    return {"films": len(kept), "patients": patients, "trained_on": int((~fresh).sum()), "labels": labels}


def _films(old: ModelBundle, prepared: Prepared, kept: Positions) -> Grey:
    """The films as the old model sees them."""
    if old.card.preprocess == prepared.plan.preprocess:
        return np.asarray(prepared.cached.films[kept])
    films = [prepared.manifest.films[at] for at in kept]
    return np.asarray(cached_films(films, old.card.preprocess, CancelToken()).films)


def _label(
    ill: Bools, patients: npt.NDArray[np.str_], pair: tuple[Vector, Vector], points: tuple[float, float]
) -> dict[str, Any]:
    """Both models' measures, each at its recommended point, and the new one's less the old one's."""
    of_new, of_old = (
        measures_of(Scored(ill, scores, patients), point) for scores, point in zip(pair, points, strict=True)
    )
    right = [(scores >= point) == ill for scores, point in zip(pair, points, strict=True)]
    difference: Difference = delong(ill, *pair)
    return {"new": of_new, "old": of_old, "auc": dataclasses.asdict(difference), "calls_p": mcnemar(*right)}
