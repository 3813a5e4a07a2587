"""How much work the fit of a gate is."""

from __future__ import annotations

from dataclasses import dataclass

ENOUGH_FILMS = 400
FEWEST_FILMS, FEWEST_VALIDATION = 50, 10  # below that there is no gate


@dataclass(frozen=True, slots=True)
class Effort:
    """How many pictures the fit takes: some 80 s on one core, most of it the network's.

    `taught`: films that the layout network learns from, beside twice as many other pictures. `embedded`: training films
    whose embeddings are taken, as they are and changed. `held`: validation films at the most; `trials`: these and
    changed ones, at the least.
    """

    taught: int = 4000
    embedded: int = 600
    held: int = 600
    trials: int = 1500

    @classmethod
    def for_films(cls, films: int) -> Effort:
        """Less for fewer training films than make pictures that differ."""
        share = min(1.0, films / ENOUGH_FILMS)
        return cls(round(share * cls().taught), round(share * cls().embedded), trials=round(share * cls().trials))
