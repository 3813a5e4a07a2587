"""A few words on the model that speaks, and the way to its whole card."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.panels.box import MARGIN_PX, label, rule, strong
from gui.review import Review
from gui.theme import font


class ModelPanel(QWidget):
    """The foot of the right column."""

    card_asked = Signal()

    def __init__(self, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self.setAccessibleName("Model")
        self.text = label(tone="secondary", wrap=True)
        self.text.setFont(font("small"))
        self.text.linkActivated.connect(lambda _: self.card_asked.emit())
        self._message = label(tone="red", wrap=True)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(MARGIN_PX, 0, MARGIN_PX, 12)
        whole.setSpacing(10)
        whole.addWidget(rule())
        whole.addWidget(self.text)
        whole.addWidget(self._message)
        review.model_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        review, model = self._review, self._review.model
        damaged = model is None and not review.model_reading and bool(review.model_message)
        self._message.setVisible(damaged)
        self._message.setText(f"{escape(review.model_message)} Films can be read without a model." if damaged else "")
        self.text.setVisible(not damaged)
        if model is None:
            self.text.setText(escape(review.model_message or "No model is chosen."))
            return
        data = model.card.data
        title, backbone = strong(escape(model.title)), escape(_backbone(model.card.backbone))
        summary = escape(data.summary.rstrip("."))
        link = '<a href="card" style="text-decoration:none">Model&nbsp;card</a>'
        self.text.setText(f"{title} · {backbone} · trained on {data.films:,} films: {summary}. {link}")


def _backbone(name: str) -> str:
    """'mobilenet_v2' as its authors write it."""
    from inference.networks.backbones import BACKBONES

    return BACKBONES[name].title if name in BACKBONES else name
