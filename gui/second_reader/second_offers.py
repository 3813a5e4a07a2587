"""Which installed models could read beside the first one, and what that would cost. Asked on a worker's thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.bundles.card import ModelCard


@dataclass(frozen=True, slots=True)
class Offer:
    """An installed model that could read second. `shared` are the findings that both models have, by the first's name.

    `times` is what both together take for a film, in times of the first alone, where that was measured on this machine
    or the networks are the same; else None.
    """

    id: str
    title: str
    findings: tuple[str, ...]
    shared: tuple[str, ...]
    times: float | None


def find_offers(first: ModelCard) -> tuple[Offer, ...]:
    """Every other installed model, those with a finding of the same name first."""
    from inference.bundles.models_dir import installed
    from inference.scoring.beside import plain

    wanted = {plain(label): label for label in first.findings}
    items = installed()
    own_ms = next((_milliseconds(item.card, item.location) for item in items if item.id == first.id), None)
    offers = []
    for item in items:
        if item.id == first.id:
            continue
        names = {plain(label) for label in item.card.findings}
        shared = tuple(label for name, label in wanted.items() if name in names)
        times = _times(first, item.card, own_ms, _milliseconds(item.card, item.location))
        offers.append(Offer(item.id, item.card.title, item.card.findings, shared, times))
    return tuple(sorted(offers, key=lambda offer: not offer.shared))


def _times(first: ModelCard, second: ModelCard, first_ms: float | None, second_ms: float | None) -> float | None:
    """By what was measured on this machine; equal networks cost the same."""
    if first_ms and second_ms:
        return (first_ms + second_ms) / first_ms
    same = (first.backbone, first.preprocess.size_px) == (second.backbone, second.preprocess.size_px)
    return 2.0 if same else None


def _milliseconds(card: ModelCard, location: Path) -> float | None:
    """What a film took on this machine's CPU, where that was measured for this network."""
    from inference.bundles.bundle import ModelBundle
    from inference.engines.engine_times import remembered

    measured = remembered(ModelBundle(card, location), 0)
    return measured.ways[0].milliseconds if measured is not None else None
