"""The model that the reader has chosen, and what its operating points rest on. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from inference.bundles.card import ModelCard, OperatingPoints
    from inference.scoring.local_table import LocalTable


class Evidence(NamedTuple):
    """Counts behind a finding's thresholds; `own`: on the reader's own films."""

    points: OperatingPoints
    own: bool


@dataclass(frozen=True, slots=True, eq=False)
class ChosenModel:
    """A model that was read and verified, as far as the window needs to know it.

    `check` is what a check on the reader's own films has shown; None where there was none.
    """

    id: str  # name@version
    card: ModelCard
    weights_sha256: str
    engine: str  # as in `screen` lines
    why: str  # a sentence
    check: LocalTable | None = None

    @property
    def scores_sha256(self) -> str:
        """The hash that names what gives the scores: a check counts for that alone."""
        from inference.engines.served import scores_sha256

        return scores_sha256(self.card, self.weights_sha256, self.engine)

    @property
    def own_points(self) -> dict[str, OperatingPoints]:
        """The operating points counted on the reader's own films, where the reader took them."""
        return self.check.operating if self.check is not None and self.check.in_use else {}

    @property
    def tables(self) -> dict[str, OperatingPoints]:
        """What the operating points in force are read from, by finding: the reader's own films, else the card."""
        return {**self.card.operating, **self.own_points}

    def evidence(self, label: str) -> Evidence | None:
        """What is known of a finding's points: counted on the reader's own films where they were checked, else on the
        card's. None for a finding that the model does not have.
        """
        if label not in self.card.operating:
            return None
        own = self.check.operating.get(label) if self.check is not None else None
        return Evidence(own, own=True) if own is not None else Evidence(self.card.operating[label], own=False)

    @property
    def title(self) -> str:
        """'pneumonia 1', as it is written on the film."""
        return self.id.replace("@", " ")
