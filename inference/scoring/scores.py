"""From logits to the calibrated probability of each finding, as the card says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inference.bundles.card import Calibration, ModelCard


def probabilities(card: ModelCard, logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Probabilities [N, F] of the card's findings from logits [N, K]. NaN where a logit is not finite."""
    exact = logits.astype(np.float64)
    usable = np.isfinite(exact).all(axis=1)
    exact[~usable] = 0.0
    values = np.stack([_of_label(card, exact, label) for label in card.findings], axis=1)
    values[~usable] = np.nan
    return values


def calibrated(logits: npt.NDArray[np.float64], calibration: Calibration) -> npt.NDArray[np.float64]:
    """Probabilities [N] of the logits [N] of one label: the curve where there is one, linear between its points and
    flat beyond them, else sigmoid((logit + bias) / temperature).

    The logistic function is written as a hyperbolic tangent, which does not overflow for large negative values.
    """
    if calibration.curve:
        at, to = np.array(calibration.curve, dtype=np.float64).T
        read: npt.NDArray[np.float64] = np.interp(logits, at, to)
        return read
    return 0.5 * (1.0 + np.tanh(0.5 * (logits + calibration.bias) / calibration.temperature))


def logit_index(card: ModelCard, label: str) -> int:
    """Which logit, and which class map, belongs to a finding."""
    return 0 if card.activation == "sigmoid_one" else card.labels.index(label)


def _of_label(card: ModelCard, logits: npt.NDArray[np.float64], label: str) -> npt.NDArray[np.float64]:
    calibration = card.calibration[label]
    index = logit_index(card, label)
    if card.activation == "softmax":
        scaled = logits / calibration.temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        weights = np.exp(scaled)
        shares: npt.NDArray[np.float64] = weights[:, index] / weights.sum(axis=1)
        return shares
    return calibrated(logits[:, index], calibration)
