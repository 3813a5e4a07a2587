"""The sentences of the findings panel. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from gui.films.entries import label_name, point_figure
from gui.panels.box import strong
from gui.theme import PALETTE

if TYPE_CHECKING:
    from gui.second_reader.chosen_model import Evidence
    from inference.bundles.card import Measure, OperatingPoints
    from inference.scoring.local_table import LocalTable
    from inference.scoring.operating import CountedPoint, OperatingTable
    from inference.scoring.predictive import Prevalence
    from inference.scoring.results import Finding

MANY = 3  # more findings than these share one sentence, and are folded where they carry no flag
LINKS = Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard


def finding_title(finding: Finding) -> str:
    """'Pneumonia suspected' or 'No pneumonia flagged'."""
    name = label_name(finding.label)
    return f"{name} suspected" if finding.flagged else f"No {name.lower()} flagged"


def finding_sentence(finding: Finding, evidence: Evidence, prevalence: Prevalence | None = None) -> str:
    """Where the score stands, and how often that has been right where a stated share of the films is ill. Rich text.

    It goes by the reader's own films where the model was checked on them, and says so.
    """
    from inference.scoring.operating import OperatingTable, of_100

    side = "Above" if finding.flagged else "Below"
    if finding.probability == finding.operating_point:
        side = "At"
    start = f"{side} the operating point of {point_figure(finding.operating_point)}"
    point = OperatingTable(evidence.points).point_at(finding.operating_point)
    if not point.is_counted:
        return f"{start}."
    if prevalence is None:
        found, called = of_100(point.sensitivity.value), of_100(complement(point.specificity).value)
        where = " of yours" if evidence.own else ""
        return f"{start}, which flags {found} of 100 ill and {called} of 100 healthy films{where}."
    right = predictive_words(point, prevalence, flagged=finding.flagged)
    own = " by your own films" if evidence.own else ""
    return f"{start}. {prevalence_words(prevalence)},{own} {right}." if right else f"{start}."


def many_points_words(tables: Mapping[str, OperatingTable], points: Mapping[str, float]) -> str:
    """What the operating points of many findings mean, in one sentence and a line for each. Rich text; '' where they
    were not all counted on the same films.
    """
    from inference.scoring.operating import of_100

    counted = {(table.points.films, table.points.described, table.own) for table in tables.values()}
    reached = {name: table.point_at(points[name]) for name, table in tables.items()}
    if len(counted) != 1 or not all(point.is_counted for point in reached.values()):
        return ""
    films, described, own = counted.pop()
    lines = [f"On {films:,} {described}, ill films found of 100 and healthy films called ill of 100:"]
    for name, point in reached.items():
        called = complement(point.specificity)
        found = f"{of_100(point.sensitivity.value)} ({range_words(point.sensitivity)})"
        lines.append(f"{label_name(name)} {found} and {of_100(called.value)} ({range_words(called)})")
    elsewhere = [] if own else ["On films from elsewhere often more healthy ones."]
    return "<br>".join(escape(line) for line in (*lines, *elsewhere))


def prevalence_words(prevalence: Prevalence) -> str:
    """'If 12 of 100 films are ill', and where that comes from."""
    learnt = f", as in the {prevalence.films:,} that you decided" if prevalence.is_learnt else ""
    return f"If {per_hundred(prevalence.share)} of 100 films are ill{learnt}"


def predictive_words(point: CountedPoint, prevalence: Prevalence, *, flagged: bool) -> str:
    """'67 of 100 flagged films are ill (50–81)'; '' where no film is called so. Rich text."""
    from inference.scoring.predictive import predictive_values

    values = predictive_values(point, prevalence)
    right = values.positive if flagged else values.negative
    if right is None:
        return ""
    what = "flagged films are ill" if flagged else "films without a flag are healthy"
    return f"{strong(f'{hundred(right.value)} of 100')} {what} ({range_words(right)})"


def site_words(check: LocalTable | None, label: str, card: OperatingPoints | None = None) -> str:
    """Whether the model was checked on the reader's own films, and did what its card says: a link. Rich text."""
    found = check.findings.get(label) if check is not None else None
    if check is None or found is None or found.operating is None:
        return link("Not checked at your site.", PALETTE.amber)
    said = f"Checked at your site on {'only ' if check.is_small else ''}{found.films:,} films"
    if card is not None and found.falls_short_of(card):
        return link(f"{said}: it did worse than its card says.", PALETTE.amber)
    return link(f"{said}.", PALETTE.amber if check.is_small else PALETTE.green)


def site_sentence(check: LocalTable | None, label: str) -> str:
    """What the check has measured, with its day; '' where there was none."""
    return check.sentence(label) if check is not None and label in check.findings else ""


def own_films_words(check: LocalTable | None, thresholds: Mapping[str, float]) -> str:
    """What the points in force do on the reader's own films, and the way to the other points. Rich text; '' unchecked.

    `thresholds` are those in force, by finding.
    """
    if check is None or not check.operating:
        return ""
    if check.in_use:
        return f"These points were chosen on your own films. {link('Back to the card’s points', href='card')}"
    from inference.scoring.operating import OperatingTable

    said = []
    for name, points in check.operating.items():
        point = OperatingTable(points).point_at(thresholds[name])
        start = f"{label_name(name)}: on" if len(thresholds) > 1 else "On"
        said.append(
            escape(
                f"{start} {points.films:,} films of your own it finds {hundred(point.sensitivity.value)} of 100 "
                f"({range_words(point.sensitivity)}) and calls {hundred(1 - point.specificity.value)} of 100 healthy "
                f"films ill ({range_words(complement(point.specificity))})."
            )
        )
    return "<br>".join(said) + " " + link("Use the points of your films", href="own")


def share_words(share: Measure) -> str:
    """'95 (93–97)', of 100."""
    return f"{hundred(share.value)} ({range_words(share)})"


def complement(share: Measure) -> Measure:
    """The share of the others, with its interval."""
    return replace(share, value=1 - share.value, low=1 - share.high, high=1 - share.low)


def range_words(share: Measure) -> str:
    """The interval of a share, of 100: '93–97'."""
    return f"{hundred(share.low)}–{hundred(share.high)}"


def link(text: str, colour: str = PALETTE.accent, href: str = "check") -> str:
    """Rich text that can be clicked, and reached by Tab."""
    return f'<a href="{href}" style="color:{colour};text-decoration:none">{text}</a>'


def per_hundred(share: float) -> str:
    """A share of 100 with three digits where it needs them: '12', '12.5', '0.5'."""
    return f"{100 * share:.3g}"


def hundred(share: float) -> int:
    """A share in whole hundredths. Only what is certain reads 0 or 100."""
    return round(100 * share) if share in (0.0, 1.0) else min(99, max(1, round(100 * share)))
