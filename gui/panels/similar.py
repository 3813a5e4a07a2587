"""The films most like the selected one: those its model learnt from, or those open here. Examples, and no score."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from gui.films.entries import label_name, score_words, title
from gui.films.thumbnails import Thumbnails, synthetic_key
from gui.panels.box import PanelBox, label, one_of, strong
from gui.panels.tiles import Tile, TileRow
from gui.review import Review
from gui.second_reader.deciding import Deciding
from gui.second_reader.decision import Verdict
from gui.second_reader.similar import TILES, Similar
from imaging.study import ImageRef

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from inference.scoring.similar import SimilarFilm

SAME = "Same picture"
LEARNT_FROM, OPEN_HERE = "Films it learnt from", "Films open here"


class SimilarPanel(PanelBox):
    """Shows what `Similar` found. The two kinds of films are never mixed: one row, two buttons above it."""

    film_picked = Signal(str)  # key

    def __init__(
        self,
        review: Review,
        similar: Similar,
        thumbnails: Thumbnails,
        deciding: Deciding,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Similar films", parent)
        self._review = review
        self._similar = similar
        self._thumbnails = thumbnails
        self._deciding = deciding
        self._picked = ""  # which kind the reader asked for; '' follows the model
        self._pictures: set[str] = set()  # the keys of the pictures that are shown or awaited
        self.chips = {kind: QPushButton(kind) for kind in (LEARNT_FROM, OPEN_HERE)}
        self.row = TileRow(TILES)
        self.sentence = label(tone="secondary", wrap=True)
        self._lay_out()
        self.row.picked.connect(self.film_picked.emit)
        for changed in (review.film_selected, review.model_changed, review.operating_point_moved):
            changed.connect(self.refresh)
        review.film_changed.connect(self._row_changed)
        for also in (review.visibility.ai_toggled, review.visibility.patient_toggled, similar.found_changed):
            also.connect(self.refresh)
        review.visibility.overlay_changed.connect(self.refresh)
        deciding.decision_changed.connect(self.refresh)
        thumbnails.thumbnail_made.connect(self._picture_made)
        self.refresh()

    def _lay_out(self) -> None:
        for kind, chip in self.chips.items():
            chip.clicked.connect(lambda _=False, kind=kind: self._pick(kind))
        self.column.addLayout(one_of(self.chips.values(), self))
        self.column.addWidget(self.row)
        self.column.addWidget(self.sentence)

    @property
    def kind(self) -> str:
        """Which films are shown: the reader's choice, else those it learnt from where the model carries any."""
        usual = OPEN_HERE if self._similar.reference is None and self._review.model is not None else LEARNT_FROM
        return self._picked or usual

    def _pick(self, kind: str) -> None:
        self._picked = kind
        self.refresh()

    def _row_changed(self, row: int) -> None:
        opened = {widget.tile.opens for widget in self.row.tiles if widget.tile is not None}
        if row == self._review.selected or self._review.entries[row].key in opened:
            self.refresh()

    def _picture_made(self, key: str) -> None:
        if key in self._pictures:
            self.refresh()

    def refresh(self, *_: object) -> None:
        """Show what is known now."""
        self.chips[self.kind].setChecked(True)
        self._pictures.clear()
        tiles = self._tiles()
        self.row.show_tiles(tiles)
        self.row.setVisible(self._review.selected_film is not None)
        self.sentence.setText(self._words(tiles))

    def _tiles(self) -> list[Tile]:
        found = self._similar.found
        if found is None or not self._speaks():
            return []
        if self.kind == LEARNT_FROM:
            return [self._learnt_from(film) for film in found.learnt_from[:TILES]]
        rows = [(self._review.row_of(key), cosine) for key, cosine in found.open_here]
        return [self._open_here(row, cosine) for row, cosine in rows if row >= 0]

    def _speaks(self) -> bool:
        """Whether the model says anything of the selected film that examples could stand beside."""
        entry = self._review.selected_film
        return entry is not None and self._review.visibility.ai_visible and bool(self._review.findings(entry.key))

    def _learnt_from(self, film: SimilarFilm) -> Tile:
        words = ", ".join(label_name(name) for name in film.labels) or "No label"
        own = self._similar.film_with(film.digest) if film.digest else None
        image = self._synthetic(film.phantom) if film.phantom is not None else self._picture(own)
        about = f"{words}, {film.similarity:.3f} similar, a film it learnt from"
        if own is not None:
            about += ", open here"
        elif film.phantom is None:
            about += "; models carry no pictures of them"
        return Tile(words, likeness(film.similarity), about, image, own.key if own is not None else "")

    def _open_here(self, row: int, cosine: float) -> Tile:
        entry = self._review.entries[row]
        findings = self._review.findings(entry.key)
        top = max(findings, key=lambda item: (item.flagged, item.probability), default=None)
        word = "No score"
        if top is not None:
            decision = self._deciding.decision(entry.key, top.label)
            verdict = decision.verdict if decision is not None else Verdict.NONE
            said = {Verdict.AGREE: "You agreed", Verdict.DISAGREE: "You disagreed"}
            word = said.get(verdict, f"Score {score_words(top.probability)}")
        name = title(entry, row, hide_patient=self._review.visibility.patient_hidden)
        about = f"{name}: {self._review.rows.words(row).text}, {cosine:.3f} similar"
        if word.startswith("You"):
            about += f". {word}"
        flagged = top is not None and top.flagged
        same = entry.key in self._similar.twins()
        return Tile(word, SAME if same else likeness(cosine), about, self._picture(entry.ref), entry.key, flagged)

    def _picture(self, ref: ImageRef | None) -> QImage | None:
        if ref is None:
            return None
        self._pictures.add(ref.key)
        return self._thumbnails.get(ref)

    def _synthetic(self, number: int) -> QImage | None:
        self._pictures.add(synthetic_key(number))
        return self._thumbnails.get_synthetic(number)

    def _words(self, tiles: list[Tile]) -> str:
        """What the row means, or why it is empty."""
        missing = self._missing()
        if missing:
            return missing
        if self.kind == OPEN_HERE:
            return "By what the model sees in them." if tiles else "No other open film was analysed yet."
        if self._similar.reference is None:
            return "This model carries no films that it learnt from."
        return self._share_words() if tiles else ""

    def _missing(self) -> str:
        """Why there are no examples of either kind; empty where there may be some."""
        review = self._review
        entry = review.selected_film
        if entry is None:
            return "Films like the open one appear here."
        if not review.visibility.ai_visible:
            return "The AI is hidden; Space shows it."
        if review.model is None:
            return "" if review.model_reading else "Without a model there is nothing to compare by."
        if review.result(entry.key) is None:
            return "They follow the score."
        return "" if self._speaks() else "No examples for a film without a score."

    def _share_words(self) -> str:
        """'14 of the 20 most similar show pneumonia; 500 of all 1,000 do.'"""
        from inference.scoring.similar import count_ill

        found, reference, entry = self._similar.found, self._similar.reference, self._review.selected_film
        if found is None or reference is None or entry is None:
            return ""
        name = self._review.shown_label(entry.key)
        near, among, total = count_ill(found.learnt_from, name), len(found.learnt_from), reference.spec.films
        word, every = escape(label_name(name).lower()), reference.count_with(name)
        return f"{strong(f'{near} of the {among}')} most similar show {word}; {every:,} of all {total:,} do."


def likeness(cosine: float) -> str:
    """'0.87 similar'; never rounded to the same."""
    return f"{min(cosine, 0.99):.2f} similar"
