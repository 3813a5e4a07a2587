"""Operating points: what a threshold costs, in the counts of the card's validation films (contract.md, The slider)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inference.card import Measure, ModelCard, OperatingPoints, OperatingRow

NOT_CHECKED = "not checked at your site"
_Z95 = 1.959963984540054  # the two-sided 95 % quantile of the normal distribution


@dataclass(frozen=True, slots=True)
class OperatingTable:
    """One label's thresholds, read both ways: from a wanted sensitivity, and from a threshold to its counts.

    Thresholds are calibrated probabilities; sensitivity is the share of ill validation films found, 0 to 1.
    """

    points: OperatingPoints

    def threshold_at(self, sensitivity: float) -> float:
        """The highest threshold that finds the share `sensitivity` of the ill validation films.

        Where no row of the table reaches it, the lowest threshold there is; without a table, the recommended one.
        """
        points = self.points
        if not points.rows:
            return points.recommended
        # The tolerance keeps 0.95 of 20 films at 19 of them, whatever the last bit of the product.
        wanted = sensitivity * points.ill - 1e-9
        reaching = [row.threshold for row in points.rows if row.true_positive >= wanted]
        return reaching[-1] if reaching else points.rows[0].threshold

    def row_at(self, threshold: float) -> OperatingRow:
        """The counts at any threshold: those of the next one of the table, which calls no film that this one spares."""
        row = next((row for row in self.points.rows if row.threshold >= threshold), None)
        return OperatingRow(threshold, 0, 0) if row is None else row

    def sensitivity(self, threshold: float) -> Measure:
        """The share of ill validation films found at a threshold, with its Wilson interval."""
        return wilson(self.row_at(threshold).true_positive, self.points.ill)

    def specificity(self, threshold: float) -> Measure:
        """The share of healthy validation films left alone at a threshold, with its Wilson interval."""
        return wilson(self.points.healthy - self.row_at(threshold).false_positive, self.points.healthy)

    def sentence(self, sensitivity: float) -> str:
        """What a position of the slider means, in words that name the films behind them."""
        return self.sentence_at(self.threshold_at(sensitivity))

    def sentence_at(self, threshold: float) -> str:
        """What a threshold means, in words that name the films behind them."""
        points = self.points
        if not points.rows or not points.ill or not points.healthy:
            return "This model brings no counts of what its threshold finds and misses."
        row = self.row_at(threshold)
        found, called = _of_100(row.true_positive, points.ill), _of_100(row.false_positive, points.healthy)
        return (
            f"On {points.films:,} {points.described} it finds {found} of 100 and calls {called} of 100 healthy films "
            "ill; on films from elsewhere often more."
        )

    def intervals_at(self, threshold: float) -> str:
        """How sure the two numbers of `sentence_at` are: '95 % intervals: 93–97 and 6–13 of 100'; '' without counts."""
        points = self.points
        if not points.rows or not points.ill or not points.healthy:
            return ""
        found, spared = self.sensitivity(threshold), self.specificity(threshold)
        return (
            f"95 % intervals: {_range_of_100(found.low, found.high)} "
            f"and {_range_of_100(1 - spared.high, 1 - spared.low)} of 100"
        )


def wilson(successes: float, total: float) -> Measure:
    """A share with its 95 % interval (Wilson 1927). Of nothing, nothing is known: 0 to 1.

    Films that are fewer than they look (several of one patient) make counts that are not whole.
    """
    if total == 0:
        return Measure(0.0, 0.0, 1.0)
    share = successes / total
    spread = _Z95 * math.sqrt(share * (1 - share) / total + _Z95**2 / (4 * total**2))
    scale = 1 + _Z95**2 / total
    middle = share + _Z95**2 / (2 * total)
    return Measure(share, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def recommended_points(card: ModelCard) -> dict[str, float]:
    """The recommended threshold of every finding."""
    return {label: card.operating[label].recommended for label in card.findings}


def points_for_sensitivity(card: ModelCard, sensitivity: float) -> dict[str, float]:
    """The threshold of every finding at a wanted sensitivity."""
    return {label: OperatingTable(card.operating[label]).threshold_at(sensitivity) for label in card.findings}


def _of_100(count: int, total: int) -> str:
    """A share as a whole number of 100; never 'all' or 'none' by mere rounding."""
    share = round(100 * count / total)
    if share == 100 and count < total:
        return "more than 99"
    if share == 0 and count > 0:
        return "fewer than 1"
    return str(share)


def _range_of_100(low: float, high: float) -> str:
    """An interval in whole numbers of 100."""
    first, last = round(100 * low), round(100 * high)
    return str(first) if first == last else f"{first}–{last}"
