"""Operating points: what a threshold costs, in the counts of the card's validation films (contract.md, The slider)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from inference.bundles.card import Measure, ModelCard, OperatingPoints, OperatingRow

NOT_CHECKED = "not checked at your site"
Z95 = 1.959963984540054  # the two-sided 95 % quantile of the normal distribution


@dataclass(frozen=True, slots=True)
class CountedPoint:
    """A threshold (a calibrated probability) with the counts behind it: `found` of `ill`, `spared` of `healthy` films.

    Holds what a DICOM CAD Operating Point says of a point: its value, and what it finds and falsely marks on how many
    films (PS3.16 TID 4023). `described` names the films in the words of a sentence. `patients_a_film` is 1 where every
    film is of another patient; intervals are as wide as if a patient's films always agreed (Kish 1965).
    """

    threshold: float
    found: int
    ill: int
    spared: int
    healthy: int
    described: str
    patients_a_film: float = 1.0

    @property
    def sensitivity(self) -> Measure:
        """The share of ill films that are found, with its Wilson interval."""
        return self.interval(self.found, self.ill)

    @property
    def specificity(self) -> Measure:
        """The share of healthy films that are left alone, with its Wilson interval."""
        return self.interval(self.spared, self.healthy)

    def interval(self, films: int, among: int, z: float = Z95) -> Measure:
        """The share of films with its Wilson interval over patients, of 95 % unless another quantile is given."""
        share = wilson(films * self.patients_a_film, among * self.patients_a_film, z)
        return replace(share, value=films / among) if among else share

    @property
    def is_counted(self) -> bool:
        """Whether ill and healthy films stand behind it."""
        return self.ill > 0 and self.healthy > 0


@dataclass(frozen=True, slots=True)
class OperatingTable:
    """One label's thresholds, read both ways: from a wanted sensitivity or specificity, and from a threshold to its
    counts.

    Thresholds are calibrated probabilities; sensitivity is the share of ill films found, specificity that of healthy
    films left alone, 0 to 1. `own`: counted on the reader's own films, so that no sentence warns of films elsewhere.
    """

    points: OperatingPoints
    own: bool = False

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

    def threshold_at_specificity(self, specificity: float) -> float:
        """The lowest threshold that leaves the share `specificity` of the healthy films alone.

        Where no row of the table reaches it, 1; without a table, the recommended one.
        """
        points = self.points
        if not points.rows:
            return points.recommended
        allowed = (1 - specificity) * points.healthy + 1e-9
        return next((row.threshold for row in points.rows if row.false_positive <= allowed), 1.0)

    def sensitivity_for(self, specificity: float) -> float:
        """The sensitivity, 0 to 1, that a wanted specificity leaves; `threshold_at` it is at least as specific."""
        points = self.points
        found = self.row_at(self.threshold_at_specificity(specificity)).true_positive
        return found / points.ill if points.ill else 0.0

    def point_at(self, threshold: float) -> CountedPoint:
        """A threshold with the counts behind it."""
        row, points = self.row_at(threshold), self.points
        if not points.rows:  # of a table without rows nothing is known, not even that nothing is called
            return CountedPoint(threshold, 0, 0, 0, 0, points.described)
        spared = points.healthy - row.false_positive
        share = min(1.0, points.patients / points.films) if points.patients and points.films else 1.0
        return CountedPoint(threshold, row.true_positive, points.ill, spared, points.healthy, points.described, share)

    def row_at(self, threshold: float) -> OperatingRow:
        """The counts at any threshold: those of the next one of the table, which calls no film that this one spares."""
        row = next((row for row in self.points.rows if row.threshold >= threshold), None)
        return OperatingRow(threshold, 0, 0) if row is None else row

    def sensitivity(self, threshold: float) -> Measure:
        """The share of ill validation films found at a threshold, with its Wilson interval."""
        return self.point_at(threshold).sensitivity

    def specificity(self, threshold: float) -> Measure:
        """The share of healthy validation films left alone at a threshold, with its Wilson interval."""
        return self.point_at(threshold).specificity

    def sentence(self, sensitivity: float) -> str:
        """What a position of the slider means, in words that name the films behind them."""
        return self.sentence_at(self.threshold_at(sensitivity))

    def sentence_at(self, threshold: float) -> str:
        """What a threshold means, in words that name the films behind them."""
        points = self.points
        if not points.rows or not points.ill or not points.healthy:
            return "This model brings no counts of what its threshold finds and misses."
        row = self.row_at(threshold)
        found, called = of_100(row.true_positive / points.ill), of_100(row.false_positive / points.healthy)
        start = (
            f"On {points.films:,} {points.described} it finds {found} of 100 and calls {called} of 100 healthy films "
        )
        return start + ("ill." if self.own else "ill; on films from elsewhere often more.")

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


def wilson(successes: float, total: float, z: float = Z95) -> Measure:
    """A share with its interval (Wilson 1927), of 95 % unless another normal quantile `z` is given. Of nothing, nothing
    is known: 0 to 1.

    Films that are fewer than they look (several of one patient) make counts that are not whole.
    """
    if total == 0:
        return Measure(0.0, 0.0, 1.0)
    share = successes / total
    spread = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    scale = 1 + z**2 / total
    middle = share + z**2 / (2 * total)
    low = (middle - spread) / scale if successes > 0 else 0.0
    return Measure(share, max(0.0, low), min(1.0, (middle + spread) / scale) if share < 1 else 1.0)


def recommended_points(card: ModelCard) -> dict[str, float]:
    """The recommended threshold of every finding."""
    return {label: card.operating[label].recommended for label in card.findings}


def points_for_sensitivity(card: ModelCard, sensitivity: float) -> dict[str, float]:
    """The threshold of every finding at a wanted sensitivity."""
    return thresholds_at(card.operating, sensitivity)


def thresholds_at(tables: Mapping[str, OperatingPoints], sensitivity: float) -> dict[str, float]:
    """The threshold of every label of these tables at a wanted sensitivity."""
    return {label: OperatingTable(points).threshold_at(sensitivity) for label, points in tables.items()}


def of_100(share: float) -> str:
    """A share as a whole number of 100; never 'all' or 'none' by mere rounding."""
    rounded = round(100 * share)
    if rounded == 100 and share < 1:
        return "more than 99"
    if rounded == 0 and share > 0:
        return "fewer than 1"
    return str(rounded)


def _range_of_100(low: float, high: float) -> str:
    """An interval in whole numbers of 100."""
    first, last = round(100 * low), round(100 * high)
    return str(first) if first == last else f"{first}–{last}"
