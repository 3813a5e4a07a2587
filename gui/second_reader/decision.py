"""What the reader says of one finding, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the reader says of a finding. NONE: a note without a verdict, or a verdict taken back."""

    AGREE = "agree"
    DISAGREE = "disagree"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """One judgement of one finding, with the operating point and the probability that were on the screen.

    `film_sha256` is the sha256 of the file's bytes in hex; `decided_at` is UTC in ISO 8601. `insisted`: the film was
    outside what the model knows, and scored because the reader insisted.
    """

    film_sha256: str
    frame: int
    label: str
    verdict: Verdict
    note: str
    model: str
    weights_sha256: str
    operating_point: float
    probability: float
    decided_at: str
    insisted: bool = False


def utc_now() -> str:
    """The time for `Decision.decided_at`."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="milliseconds")
