"""What is said of a model: measures of one label with 95 % intervals by patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from inference.bundles.card import Measure
from inference.scoring.local_table import ReliabilityBin
from inference.scoring.operating import wilson

Vector = npt.NDArray[np.float64]


def auc(ill: npt.NDArray[np.bool_], scores: Vector) -> float:
    """Area under the ROC curve: the share of (ill, healthy) pairs in the right order, ties counted half.

    ill: bool [N]; scores: float [N]. NaN where one of the classes is missing.
    """
    n_ill, n_healthy = int(ill.sum()), int((~ill).sum())
    if n_ill == 0 or n_healthy == 0:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((ranks[ill].sum() - n_ill * (n_ill + 1) / 2.0) / (n_ill * n_healthy))


def average_precision(ill: npt.NDArray[np.bool_], scores: Vector) -> float:
    """Area under the steps of precision over recall, tied scores taken at once (as scikit-learn's).

    ill: bool [N]; scores: float [N]. NaN where one of the classes is missing.
    """
    n_ill = int(ill.sum())
    if n_ill in (0, len(ill)):
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(ill) - 1)
    found = np.cumsum(ill[order])[last_of_tie]
    return float(np.sum(np.diff(found, prepend=0) * found / (last_of_tie + 1)) / n_ill)


def f1(ill: npt.NDArray[np.bool_], called: npt.NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and sensitivity. ill, called: bool [N]. NaN where no film is ill."""
    return float(2 * (ill & called).sum() / (ill.sum() + called.sum())) if ill.any() else float("nan")


def share_by_patient(holds: npt.NDArray[np.bool_], patients: npt.NDArray[np.str_]) -> Measure:
    """The share of films of which something `holds`, bool [N] and not empty; its Wilson interval knows of patients.

    The interval counts (sum n)^2 / sum n^2 films, n being those of one patient (Kish 1965): all of them where each
    patient has one, and as many as there are patients where each has equally many, as if a patient's films always
    agreed. Unlike a bootstrap it has a width where no film, or every film, holds.
    """
    effective, share = _effective(patients), float(holds.mean())
    interval = wilson(share * effective, effective)
    return Measure(share, min(share, interval.low), max(share, interval.high))


def _effective(patients: npt.NDArray[np.str_]) -> float:
    """How many films of patients of their own these films are worth (Kish 1965); 0 of none."""
    _, of_patient = np.unique(patients, return_counts=True)
    return float(of_patient.sum() ** 2 / (of_patient**2).sum()) if len(of_patient) else 0.0


def calibration_error(ill: npt.NDArray[np.bool_], probabilities: Vector, bins: int = 10) -> float:
    """Expected calibration error over `bins` groups of equally many films."""
    order = np.argsort(probabilities, kind="stable")
    groups = [group for group in np.array_split(order, bins) if len(group)]
    gaps = [len(group) * abs(float(ill[group].mean() - probabilities[group].mean())) for group in groups]
    return float(sum(gaps) / len(ill))


def calibration_error_by_chance(probabilities: Vector, repeats: int = 1000) -> float:
    """The calibration error that scores which mean exactly what they say stay below in 975 of 1,000 draws (seeded).

    The error of few films is above zero by chance alone, the more so the fewer they are: a value is bad only beyond
    this one.
    """
    rng = np.random.default_rng(0)
    draws = [calibration_error(rng.random(len(probabilities)) < probabilities, probabilities) for _ in range(repeats)]
    return float(np.percentile(draws, 97.5))


def reliability(ill: npt.NDArray[np.bool_], probabilities: Vector) -> tuple[ReliabilityBin, ...]:
    """Groups of equally many films by rising score, for a reliability diagram: a dozen each, ten groups at most."""
    if not len(ill):
        return ()
    order = np.argsort(probabilities, kind="stable")
    groups = np.array_split(order, min(10, max(2, len(ill) // 12), len(ill)))
    return tuple(ReliabilityBin(float(probabilities[g].mean()), len(g), int(ill[g].sum())) for g in groups)


def at_threshold(ill: npt.NDArray[np.bool_], probabilities: Vector, threshold: float) -> dict[str, float]:
    """Sensitivity, specificity and accuracy where films at or above the threshold are called ill."""
    called = probabilities >= threshold
    return {
        "sensitivity": float(called[ill].mean()) if ill.any() else float("nan"),
        "specificity": float((~called[~ill]).mean()) if (~ill).any() else float("nan"),
        "accuracy": float((called == ill).mean()),
    }


def measures(
    ill: npt.NDArray[np.bool_], probabilities: Vector, patients: npt.NDArray[np.str_], threshold: float
) -> dict[str, Measure]:
    """Every measure of one label with its interval. All arrays are [N]."""
    single: Mapping[str, Callable[[npt.NDArray[np.bool_], Vector], float]] = {
        "auc": auc,
        "calibration_error": calibration_error,
        "sensitivity": lambda t, p: at_threshold(t, p, threshold)["sensitivity"],
        "specificity": lambda t, p: at_threshold(t, p, threshold)["specificity"],
        "accuracy": lambda t, p: at_threshold(t, p, threshold)["accuracy"],
    }
    return {name: by_patient(ill, probabilities, patients, measure) for name, measure in single.items()}


def by_patient(
    ill: npt.NDArray[np.bool_],
    probabilities: Vector,
    patients: npt.NDArray[np.str_],
    measure: Callable[[npt.NDArray[np.bool_], Vector], float],
    repeats: int = 1000,
) -> Measure:
    """The measure, 0 to 1, with its percentile bootstrap interval, drawing patients and not films (seeded).

    Where the draws do not differ, as with films that are parted perfectly, a bootstrap is sure of what a handful of
    films cannot show. Such a measure is taken for a share of the films of the rarer class, by `wilson`: a mean of
    values between 0 and 1 varies no more than a share does, so that the interval is wide enough, if not narrow.
    """
    rng = np.random.default_rng(0)
    _, owner = np.unique(patients, return_inverse=True)
    films_of = np.split(np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner))[:-1])
    draws = []
    for _ in range(repeats):
        chosen = np.concatenate([films_of[i] for i in rng.integers(0, len(films_of), len(films_of))])
        draws.append(measure(ill[chosen], probabilities[chosen]))
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    value = measure(ill, probabilities)
    if low == high:
        few = min(_effective(patients[ill]), _effective(patients[~ill]))
        interval = wilson(value * few, few)
        low, high = interval.low, interval.high
    # A calibration error is biased upwards in resamples, so that the value itself can lie below all of them.
    return Measure(value, min(value, float(low)), max(value, float(high)))
