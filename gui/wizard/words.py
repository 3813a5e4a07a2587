"""The words that the Result page and the report of a run share: names of parts, measures and traits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.bundles.card import Measure

PART_NAMES = {"validation": "Validation part", "test": "Test part"}
MEASURE_NAMES = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "sensitivity": "Sensitivity (recall)",
    "specificity": "Specificity",
    "precision": "Precision",
    "accuracy": "Accuracy",
    "f1": "F1",
    "calibration_error": "Calibration error",
}
SHIFTED = ("auc", "sensitivity", "specificity")
TRAITS = {"sex": "Sex", "age": "Age", "view": "View", "source": "Source"}


def said(measure: Measure | None) -> str:
    """A value with its interval, for tables."""
    return "–" if measure is None else f"{measure.value:.3f} ({measure.low:.3f}–{measure.high:.3f})"
