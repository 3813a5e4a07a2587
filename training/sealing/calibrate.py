"""From scores to probabilities, and the table behind the sensitivity slider."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from inference.bundles.card import Calibration, CurvePoint, OperatingPoints, OperatingRow
from inference.scoring.scores import calibrated

RECOMMENDED_SENSITIVITY = 0.95
TABLE_ROWS = 400

Bools = npt.NDArray[np.bool_]
Vector = npt.NDArray[np.float64]
Kind = Literal["temperature", "platt", "isotonic"]
KINDS: tuple[Kind, ...] = ("temperature", "platt", "isotonic")  # from the stiffest to the most yielding
FOLDS = 5
FLATTEST = 1e-6  # slope of a calibration of scores that say nothing


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of calibration, with the cross-validated log-loss of all of them (nats a film)."""

    kind: Kind
    log_loss: dict[Kind, float]


def fit_calibration(ill: Bools, logits: Vector, kind: Kind = "platt") -> Calibration:
    """From logits to probabilities, fitted by maximum likelihood. ill: bool [N], both kinds; logits: float [N].

    `temperature`: sigmoid(logit / temperature) (Guo 2017). `platt`: sigmoid((logit + bias) / temperature) (Platt 1999).
    `isotonic`: any curve that rises (Zadrozny 2002). Scores that fall where they should rise are not turned round:
    the temperature is then very high, and every film gets nearly the same probability.
    """
    if kind == "isotonic" and logits.min() < logits.max():
        return Calibration(curve=_rising_curve(ill, logits))
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=np.inf, fit_intercept=kind == "platt").fit(logits[:, None], ill)
    slope, intercept = max(float(fitted.coef_[0, 0]), FLATTEST), float(np.ravel(fitted.intercept_)[0])
    return Calibration(temperature=1.0 / slope, bias=intercept / slope)


def choose_calibration(ill: Bools, logits: Vector, patients: npt.NDArray[np.str_]) -> Choice:
    """The kind with the lowest log-loss on films that it was not fitted to, in five parts that share no patient.

    A more yielding kind is taken only where it beats the stiffer one by more than one standard error of the difference
    over the films (the rule of Breiman 1984): a curve of many points pays for itself, or it stays away. With fewer
    than ten patients that are ill or healthy, Platt is taken unasked.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    enough = min(len(np.unique(patients[ill])), len(np.unique(patients[~ill]))) >= 2 * FOLDS
    if not enough:
        return Choice("platt", {})
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    folds = list(parts.split(logits[:, None], ill, patients))
    losses = {kind: _held_out_losses(ill, logits, folds, kind) for kind in KINDS}
    chosen = KINDS[0]
    for kind in KINDS[1:]:
        gain = losses[chosen] - losses[kind]
        if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)):
            chosen = kind
    return Choice(chosen, {kind: float(loss.mean()) for kind, loss in losses.items()})


def _held_out_losses(ill: Bools, logits: Vector, folds: Sequence[tuple[Any, Any]], kind: Kind) -> Vector:
    """The log-loss of each film [N] under a calibration that was fitted to the films of other patients."""
    losses = np.zeros(len(ill))
    for fitted_to, held_out in folds:
        calibration = fit_calibration(ill[fitted_to], logits[fitted_to], kind)
        given = np.clip(calibrated(logits[held_out], calibration), 1e-12, 1 - 1e-12)
        losses[held_out] = -np.log(np.where(ill[held_out], given, 1 - given))
    return losses


def _rising_curve(ill: Bools, logits: Vector) -> tuple[CurvePoint, ...]:
    """Isotonic regression, drawn through the middles of its steps and not along them.

    On a step all films would have one probability, and the slider could part them no more. No film is certain: with N
    films no probability passes 1 / (N + 2) and its counterpart, and the ends, half way further, keep the order of the
    films beyond the outer middles.
    """
    from sklearn.isotonic import IsotonicRegression

    least = 1.0 / (len(ill) + 2)
    steps = IsotonicRegression(y_min=least, y_max=1 - least).fit_transform(logits, ill.astype(np.float64))
    values, step = np.unique(steps, return_inverse=True)
    middles = np.bincount(step, logits) / np.bincount(step)
    inner = [CurvePoint(float(at), float(value)) for at, value in zip(middles, values, strict=True)]
    low = CurvePoint(float(logits.min()), float(values[0] / 2))
    high = CurvePoint(float(logits.max()), float((1 + values[-1]) / 2))
    # A step of one film, or of films with one logit, has its middle where the curve ends.
    return (low, *(point for point in inner if low.logit < point.logit < high.logit), high)


def operating_points(
    ill: Bools,
    probabilities: Vector,
    patients: int,
    described: str,
    also: Sequence[float] = (),
    *,
    changed: Sequence[Vector] = (),
    groups: Iterable[Bools] = (),
) -> OperatingPoints:
    """Count, for thresholds between neighbouring probabilities, how many ill and healthy films are flagged.

    Thresholds lie midway between two films' probabilities, so that no rounding moves a known film across. `also` are
    thresholds that are counted besides: those of another table, which this one is to be read at. `changed` are the same
    films' probabilities under changes: every count is then that of the worst of them, the fewest ill films found and
    the most healthy ones called ill. The recommended threshold is the highest that finds enough of the ill films, and
    enough in each of the `groups`, bool [N], that has ill films.
    """
    cuts = np.unique(probabilities)
    # Where probabilities are a rounding apart, the midpoint is one of them: no threshold may stand there twice.
    between = np.unique(np.concatenate([[0.0], (cuts[1:] + cuts[:-1]) / 2.0, [1.0]]))
    if len(between) > TABLE_ROWS:
        between = between[np.unique(np.linspace(0, len(between) - 1, TABLE_ROWS).astype(int))]
    between = np.unique(np.concatenate([between, np.asarray(also, dtype=np.float64)]))
    rows = tuple(
        OperatingRow(
            float(cut),
            min(int((scores[ill] >= cut).sum()) for scores in (probabilities, *changed)),
            max(int((scores[~ill] >= cut).sum()) for scores in (probabilities, *changed)),
        )
        for cut in between
    )
    n_ill = int(ill.sum())
    of_groups = [probabilities[ill & group] for group in groups if (ill & group).any()]

    def finds_enough(row: OperatingRow) -> bool:
        found = [(row.true_positive, n_ill), *((int((of >= row.threshold).sum()), len(of)) for of in of_groups)]
        return all(n >= RECOMMENDED_SENSITIVITY * among for n, among in found)

    return OperatingPoints(
        recommended=max(row.threshold for row in rows if finds_enough(row)),
        films=len(ill),
        patients=patients,
        described=described,
        ill=n_ill,
        healthy=len(ill) - n_ill,
        rows=rows,
    )


def heat_scale(maps: npt.NDArray[np.float32], ill: npt.NDArray[np.bool_], percentile: float = 90.0) -> float:
    """The raw value painted as full heat: a percentile of the peaks of the ill validation films.

    maps: float32 [N, h, w], raw maps of one label. A constant for all films, so that healthy films stay cool.
    """
    peaks = maps[ill].reshape(int(ill.sum()), -1).max(axis=1)
    return float(np.percentile(np.maximum(peaks, 1e-6), percentile))
