"""The whole card of the chosen model."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from gui.dialogs.base import TextDialog, heading, table
from gui.films.entries import label_name
from gui.panels.wording import site_sentence
from gui.second_reader.chosen_model import ChosenModel
from gui.theme import PALETTE

if TYPE_CHECKING:
    from inference.bundles.card import Calibration, Measure, ModelCard

NOT_CHECKED = "Not checked at your site."


def model_card_dialog(model: ChosenModel, parent: QWidget | None = None) -> TextDialog:
    """The card of a model in a window of its own."""
    return TextDialog(f"Model card: {model.title}", card_html(model), (680, 720), parent)


def card_html(model: ChosenModel) -> str:
    """The card in words, all of it that a reader may need."""
    card, tone = model.card, PALETTE.secondary
    data = card.data
    about = [
        ("Name", escape(f"{card.title} ({model.id})")),
        ("Intended use", escape(card.intended_use)),
        ("Findings", ", ".join(escape(label_name(label)) for label in card.findings)),
        ("Backbone", escape(f"{card.backbone}, {card.preprocess.size_px} px")),
        ("Start weights", escape(card.start.described)),
        ("Engine", escape(model.why)),
        ("Weights sha256", f"{model.weights_sha256[:16]}…"),
    ]
    films = [
        ("Films", f"{data.films:,} of {data.patients:,} patients"),
        ("Summary", escape(data.summary)),
        ("Source", escape(data.source)),
        ("Licence of the films", escape(data.licence)),
    ]
    parts = [table(about, tone), heading("Limits", tone)]
    parts += [f'<p style="margin:3px 0">{escape(limit)}</p>' for limit in card.limits]
    parts += [heading("Trained on", tone), table(films, tone)]
    for label in card.findings:
        rows = [*_measures(card, label), ("At your site", escape(site_sentence(model.check, label) or NOT_CHECKED))]
        parts += [heading(f"{escape(label_name(label))}, measured", tone), table(rows, tone)]
    return "".join(parts)


def _measures(card: ModelCard, label: str) -> list[tuple[str, str]]:
    points = card.operating[label]
    where = (
        "Operating table",
        escape(f"{points.films:,} {points.described}: {points.ill:,} ill, {points.healthy:,} healthy"),
    )
    measures = card.metrics.get(label, {})
    calibrated = ("Calibration", escape(_calibration(card.calibration[label])))
    return [where, calibrated, *((escape(_measure_name(name)), _measure(item)) for name, item in measures.items())]


def _calibration(calibration: Calibration) -> str:
    if calibration.curve:
        return f"a rising curve of {len(calibration.curve)} points (isotonic)"
    if calibration.bias:
        return f"Platt: temperature {calibration.temperature:.2f}, bias {calibration.bias:+.2f}"
    return f"temperature {calibration.temperature:.2f}"


def _measure_name(name: str) -> str:
    return name.upper() if name in ("auc", "f1") else name.replace("_", " ").capitalize()


def _measure(item: Measure) -> str:
    return f"{item.value:.3f} ({item.low:.3f} to {item.high:.3f})"
