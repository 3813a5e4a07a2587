"""The sentences of the findings panel. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.entries import label_name
from gui.panels.box import strong

if TYPE_CHECKING:
    from inference.card import OperatingPoints
    from inference.results import Finding

ASSUMED_ILL_OF_TEN = 3  # a predictive value is shown only together with the share of ill films that it assumes


def finding_title(finding: Finding) -> str:
    """'Pneumonia suspected' or 'No pneumonia flagged'."""
    name = label_name(finding.label)
    return f"{name} suspected" if finding.flagged else f"No {name.lower()} flagged"


def finding_sentence(finding: Finding, points: OperatingPoints) -> str:
    """Where the score stands, and how often that has been right. Rich text."""
    from inference.operating import OperatingTable

    side = "Above" if finding.flagged else "Below"
    if finding.probability == finding.operating_point:
        side = "At"
    start = f"{side} the operating point of {finding.operating_point:.2f}."
    if not points.rows or not points.ill or not points.healthy:
        return start
    row = OperatingTable(points).row_at(finding.operating_point)
    found, called = row.true_positive / points.ill, row.false_positive / points.healthy
    ill, healthy = ASSUMED_ILL_OF_TEN / 10, 1 - ASSUMED_ILL_OF_TEN / 10
    flagged, not_flagged = (ill * found, healthy * called), (healthy * (1 - called), ill * (1 - found))
    share = _ratio(*(flagged if finding.flagged else not_flagged))
    if share is None:
        return start
    what = "flagged" if finding.flagged else "not flagged"
    count = strong(f"{hundred(share)} of 100")
    return f"{start} If {ASSUMED_ILL_OF_TEN} in 10 films are ill, {count} films {what} like this are right."


def hundred(share: float) -> int:
    """A share in whole hundredths. Only what is certain reads 0 or 100."""
    return round(100 * share) if share in (0.0, 1.0) else min(99, max(1, round(100 * share)))


def _ratio(right: float, wrong: float) -> float | None:
    return right / (right + wrong) if right + wrong > 0 else None
