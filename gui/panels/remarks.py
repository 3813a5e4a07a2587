"""What else is known of a film that was analysed, quietly: it was learnt from, or it is listed twice."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from gui.films.entries import title
from gui.frame.plain import shortened
from gui.review import Review
from gui.second_reader.similar import TRAINED_ON, Similar

TWINS_NAMED = 2


class RemarkLines(QLabel):
    """One line a sentence; gone where there is none."""

    def __init__(self, review: Review, similar: Similar | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._similar = similar
        self.setProperty("tone", "secondary")
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAccessibleName("Remarks")
        if similar is not None:
            similar.found_changed.connect(self.refresh)
        review.visibility.patient_toggled.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """Say what is known of the selected film now."""
        review, entry = self._review, self._review.selected_film
        said = remarks(review, self._similar, entry.key) if entry is not None and review.visibility.ai_visible else ()
        self.setText("<br>".join(escape(sentence) for sentence in said))
        self.setVisible(bool(said))


def remarks(review: Review, similar: Similar | None, key: str) -> tuple[str, ...]:
    """What is known of the selected film besides its score; empty before it was analysed."""
    result = review.result(key)
    if result is None:
        return ()
    from inference.scoring.views import views_of

    said = []
    views = views_of(result.engine)
    if views > 1 and result.findings:
        said.append(f"The mean score of {views} views; the operating points were counted on one.")
    if similar is not None and similar.was_trained_on(key):
        said.append(TRAINED_ON)
    for row in [review.row_of(twin) for twin in similar.twins()[:TWINS_NAMED]] if similar is not None else ():
        name = title(review.entries[row], row, hide_patient=review.visibility.patient_hidden)
        said.append(f"The same picture as {shortened(name)}, row {row + 1:,} of the list.")
    return tuple(dict.fromkeys(said))
