"""The earlier model's point and the new one's at equal sensitivity, until the reader has seen them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gui.films.entries import label_name, point_figure
from gui.frame.icons import icon
from gui.panels.box import label
from gui.panels.wording import complement, share_words
from gui.review import Review
from gui.second_reader.changing import Changing
from gui.theme import PALETTE, font

if TYPE_CHECKING:
    from inference.scoring.beside import SideBySide
    from inference.scoring.operating import CountedPoint

ICON_PX = 14
NOT_CARRIED = "No threshold is carried over: it would mean something else."


class BesideBox(QWidget):
    """A raised box in the Sensitivity panel; hidden where no model took another's place."""

    def __init__(self, review: Review, changing: Changing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._changing = changing
        self.setProperty("surface", "raised")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("The earlier model and the new one")
        self.title = label(tone="strong", wrap=True)
        self.table = QLabel()
        self.table.setTextFormat(Qt.TextFormat.RichText)
        self.table.setWordWrap(True)
        self.table.setFont(font("small"))
        self.close_button = QToolButton()
        self.close_button.setIcon(icon("close"))
        self.close_button.setIconSize(QSize(ICON_PX, ICON_PX))
        self.close_button.setAccessibleName("Close the comparison")
        self.close_button.setToolTip("Close the comparison")
        self._lay_out()
        self.close_button.clicked.connect(changing.dismiss)
        changing.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 6, 6, 10)
        whole.setSpacing(4)
        whole.addLayout(head)
        whole.addWidget(self.table)
        whole.addWidget(label(NOT_CARRIED, tone="secondary", wrap=True))

    def refresh(self) -> None:
        """Cheap: it runs while the slider is dragged."""
        model, pairs = self._review.model, self._changing.compared()
        self.setVisible(bool(pairs))
        if not pairs or model is None:
            return
        old, new = self._changing.old_title, model.title
        self.title.setText(f"{escape(new)} in the place of {escape(old)}, both at {100 * pairs[0].sensitivity:.3g} %")
        several = len(pairs) > 1
        self.table.setText("".join(_rows(pair, old, new, named=several) for pair in pairs))


def _rows(pair: SideBySide, old: str, new: str, *, named: bool) -> str:
    """A table of rich text with a column for each model."""
    head = escape(label_name(pair.label)) if named else ""
    rows = [
        (head, escape(old), escape(new)),
        ("Operating point", point_figure(pair.old.threshold), point_figure(pair.new.threshold)),
    ]
    rows += [
        ("Of 100 ill, found", _found(pair.old), _found(pair.new)),
        ("Of 100 healthy, called ill", _called(pair.old), _called(pair.new)),
        ("Counted on films", _films(pair.old), _films(pair.new)),
    ]
    tone = f"color:{PALETTE.secondary}"
    cells = (
        f'<tr><td style="{tone};padding:2px 8px 2px 0">{what}</td>'
        f'<td style="{tone};padding:2px 10px 2px 0">{before}</td><td style="padding:2px 0">{after}</td></tr>'
        for what, before, after in rows
    )
    return f'<table width="100%" cellspacing="0">{"".join(cells)}</table>'


def _found(point: CountedPoint) -> str:
    return share_words(point.sensitivity) if point.is_counted else "–"


def _called(point: CountedPoint) -> str:
    return share_words(complement(point.specificity)) if point.is_counted else "–"


def _films(point: CountedPoint) -> str:
    return f"{point.ill + point.healthy:,}"
