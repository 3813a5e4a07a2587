"""From scores to probabilities, and the table behind the sensitivity slider."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inference.card import Calibration, OperatingPoints, OperatingRow

RECOMMENDED_SENSITIVITY = 0.95
TABLE_ROWS = 400


def fit_calibration(ill: npt.NDArray[np.bool_], logits: npt.NDArray[np.float64]) -> Calibration:
    """Platt scaling: probability = sigmoid((logit + bias) / temperature), fitted by maximum likelihood.

    ill: bool [N]; logits: float [N]. Platt, in Advances in Large Margin Classifiers (1999).
    """
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=np.inf).fit(logits[:, None], ill)
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return Calibration(temperature=1.0 / slope, bias=intercept / slope)


def operating_points(
    ill: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float64], patients: int, described: str
) -> OperatingPoints:
    """Count, for thresholds between neighbouring probabilities, how many ill and healthy films are flagged.

    Thresholds lie midway between two films' probabilities, so that no rounding moves a known film across.
    """
    cuts = np.unique(probabilities)
    # Where probabilities are a rounding apart, the midpoint is one of them: no threshold may stand there twice.
    between = np.unique(np.concatenate([[0.0], (cuts[1:] + cuts[:-1]) / 2.0, [1.0]]))
    if len(between) > TABLE_ROWS:
        between = between[np.unique(np.linspace(0, len(between) - 1, TABLE_ROWS).astype(int))]
    rows = tuple(
        OperatingRow(float(cut), int((probabilities[ill] >= cut).sum()), int((probabilities[~ill] >= cut).sum()))
        for cut in between
    )
    n_ill = int(ill.sum())
    enough = [row.threshold for row in rows if row.true_positive >= RECOMMENDED_SENSITIVITY * n_ill]
    return OperatingPoints(
        recommended=max(enough),
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
