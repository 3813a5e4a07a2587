"""Puts the selected film, its heat map and its words onto the view, as the review says."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.films.entries import Entry, label_name, point_figure
from gui.films.reading import Reading
from gui.frame.plain import one_line
from gui.review import Review
from gui.viewport.corner_text import CornerText, TextMode
from gui.viewport.display import FilmState
from gui.viewport.film_view import FilmView
from gui.viewport.prepared import PreparedFilm
from gui.viewport.scene import Overlay

if TYPE_CHECKING:
    from imaging.heatmap import Heatmap
    from imaging.image import Header

MODES = (TextMode.FULL, TextMode.SHORT, TextMode.OFF)
OUTSIDE = "Outside what the model knows: insisted"
SIDES = {"L": "left", "R": "right", "B": "both sides"}  # of what comes in pairs
STATES_KEPT = 500  # films that are found again as they were left
COUNT_MS = 250
PATIENCE_MS = 200  # a film that takes longer says so; a quicker one does not flicker


class Showing(QObject):
    """The presenter of the view."""

    text_mode_chosen = Signal(str)

    def __init__(self, review: Review, reading: Reading, view: FilmView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._visibility = shown = review.visibility
        self._view = view
        self._shown_key = ""
        self._failed_key = ""
        self._states: OrderedDict[str, FilmState] = OrderedDict()
        self._slow = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._slow.timeout.connect(self._say_reading)
        self._counting = QTimer(self, singleShot=True, interval=COUNT_MS)
        self._counting.timeout.connect(self._show_position)
        reading.film_prepared.connect(self._show_film)
        reading.film_awaited.connect(self._await_film)
        reading.film_failed.connect(self._say_failed)
        review.film_selected.connect(self._selected)
        review.films_closed.connect(self._forget)
        review.film_changed.connect(self._row_changed)
        for changed in (shown.overlay_changed, shown.ai_toggled, review.model_changed, review.film_explained):
            changed.connect(self._show_ai)
        review.operating_point_moved.connect(self._point_moved)
        shown.patient_toggled.connect(self._show_text)
        review.films_added.connect(self._count_soon)
        review.scan_changed.connect(self._selected)

    @property
    def settled(self) -> bool:
        """What is selected is what is shown: the film, or the reason why there is none."""
        if self._counting.isActive():
            return False
        entry = self._review.selected_entry
        return entry is None or not entry.is_film or entry.key in (self._shown_key, self._failed_key)

    def cycle_corner_text(self) -> None:
        """Full, short, off, and round again."""
        mode = MODES[(MODES.index(self._view.text_mode) + 1) % len(MODES)]
        self._view.set_text_mode(mode)
        self.text_mode_chosen.emit(mode.value)

    def _selected(self, *_: object) -> None:
        entry = self._review.selected_entry
        if entry is None:
            self._clear()
            if self._review.scanning:
                self._view.set_message("Looking for films…", "The first one shows as soon as it is found.", "search")
        elif entry.refusal:
            self._clear()
            self._view.set_message("This can't be shown", entry.refusal, "warning")
        self._show_position()

    def _clear(self) -> None:
        self._slow.stop()
        self._keep_state()
        self._shown_key = self._failed_key = ""
        self._view.show_film(None)
        self._view.set_message(None)
        self._show_ai()

    def _await_film(self, _key: str) -> None:
        """Never leave the previous film standing beside the words of this one."""
        self._clear()
        self._slow.start()

    def _say_reading(self) -> None:
        self._view.set_message("Reading the film…", "", "clock")

    def _say_failed(self, key: str, sentence: str) -> None:
        entry = self._review.selected_entry
        if entry is not None and entry.key == key:
            self._clear()
            self._failed_key = key
            self._view.set_message("This can't be shown now", sentence, "warning")

    def _forget(self) -> None:
        """The films were closed; under their names others may come, which open with their own window."""
        self._clear()
        self._states.clear()

    def _keep_state(self) -> None:
        """Remember how the film was seen, for when the reader comes back to it."""
        state = self._view.state
        if self._shown_key and state is not None:
            self._states[self._shown_key] = state
            self._states.move_to_end(self._shown_key)
            while len(self._states) > STATES_KEPT:
                self._states.popitem(last=False)

    def _show_film(self, key: str, film: PreparedFilm) -> None:
        self._slow.stop()
        self._keep_state()
        self._shown_key = key
        self._view.set_message(None)
        self._view.show_film(film, self._states.get(key))
        self._show_ai()
        self._show_position()

    def _row_changed(self, row: int) -> None:
        if row == self._review.selected:
            if self._review.entries[row].refusal:
                self._selected()
            self._show_ai()

    def _show_ai(self, *_: object) -> None:
        overlay, heatmap = self._visibility.overlay, self._heatmap()
        self._view.set_overlay(Overlay(heatmap, overlay.threshold, overlay.opacity) if heatmap is not None else None)
        self._show_text()

    def _point_moved(self) -> None:
        """Of several findings another one may be spoken of first. The map is laid anew only where it is."""
        shown = self._view.overlay.heatmap if self._view.overlay is not None else None
        if shown is not self._heatmap():
            self._show_ai()
        else:
            self._show_text()

    def _heatmap(self) -> Heatmap | None:
        """What is to be laid over the film on screen."""
        visible = self._shown_key and self._visibility.overlay_visible
        return self._review.heatmap(self._shown_key) if visible else None

    def _show_text(self, *_: object) -> None:
        entry = self._review.selected_entry
        film = self._view.film
        if entry is None or film is None:
            self._view.set_ai_visible(False)
            self._view.set_corner_text(CornerText())
            return
        header = film.image.header
        ai_line = self.ai_line()
        study = study_line(header)
        top_right = (study,) if study else ()
        series = (header.series_description,) if header.series_description else ()
        self._view.set_ai_visible(bool(ai_line))
        caution = OUTSIDE if ai_line and self._review.is_insisted(entry.key) else ""
        self._view.set_corner_text(CornerText(self._patient_lines(entry, header), top_right, series, ai_line, caution))

    def _patient_lines(self, entry: Entry, header: Header) -> tuple[str, ...]:
        if self._visibility.patient_hidden:
            return ("Patient hidden",)
        name = one_line(header.patient_name or entry.path.name)
        about = " · ".join(part for part in (header.sex, header.age) if part)
        return (name, about) if about else (name,)

    def ai_line(self) -> str:
        """Model, version and operating point, whenever what the model says is on the screen."""
        model, entry = self._review.model, self._review.selected_film
        findings = self._review.findings(entry.key) if entry is not None else ()
        if model is None or not findings or not self._visibility.ai_visible:
            return ""
        shown = self._review.shown_label(entry.key) if entry is not None else ""
        finding = next(item for item in findings if item.label == shown)
        named = f"{label_name(finding.label)}, " if len(findings) > 1 else ""
        return f"{model.title} · {named}operating point {point_figure(finding.operating_point)}"

    def _count_soon(self, *_: object) -> None:
        """Films come in twenty times a second; the words on the film follow less often, as they paint it anew."""
        if not self._counting.isActive():
            self._counting.start()

    def _show_position(self, *_: object) -> None:
        total = len(self._review.entries)
        row = self._review.selected
        self._view.set_position_text(f"Film {row + 1:,} of {total:,}" if row >= 0 else "")


def study_line(header: Header) -> str:
    """'Chest AP · 2026-11-12', 'Hand PA left'."""
    part = header.body_part.capitalize() or header.study_description
    what = " ".join(word for word in (part, header.view_position, SIDES.get(header.laterality, "")) if word)
    return " · ".join(word for word in (what, header.study_date) if word)
