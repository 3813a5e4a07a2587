"""The list of films: its model, the filter over it, and the panel with header and chips."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.films import study_delegate
from gui.films.entries import Entry, details, title
from gui.films.film_rows import FilmRows
from gui.films.rows import Filter
from gui.films.study_delegate import StudyDelegate
from gui.films.thumbnails import Thumbnails
from gui.frame.plain import one_line, plain_tip
from gui.panels.box import one_of
from gui.review import Review
from gui.theme import font

WIDTH_PX, LEFT_PX, RIGHT_PX = 260, 16, 12
CHIPS_PX, CHIPS_GAP_PX = WIDTH_PX - LEFT_PX - RIGHT_PX, 4
NO_SCORE = "No score"  # where a film is outside the gate, or refused
RECOUNT_MS = 80  # the counts of the chips and the filter follow a dragged slider at this pace

Index = QModelIndex | QPersistentModelIndex


class StudyListModel(QAbstractListModel):
    """The review's rows that the filter lets through, in the order in which the films were opened.

    Our own filter: Qt's asks for every row anew, which takes longer than a frame for some thousands of films.
    """

    def __init__(self, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._visibility = review.visibility
        self._filter = Filter.ALL
        self._shown: Sequence[int] = range(0)  # rows of the review, rising
        review.films_added.connect(self._added)
        review.films_closed.connect(self.read_again)
        review.film_changed.connect(self._row_changed)
        for changed in (review.stages_changed, review.operating_point_moved, review.model_changed):
            changed.connect(self._words_changed)
        self._visibility.ai_toggled.connect(self._words_changed)
        self._visibility.patient_toggled.connect(self._words_changed)

    @property
    def filter(self) -> Filter:
        return self._filter

    def set_filter(self, chosen: Filter) -> None:
        self._filter = chosen
        self.read_again()

    def read_again(self) -> None:
        """Show what passes now; nothing happens where it is what is shown already."""
        rows = self._review.rows.shown(self._filter)
        if list(rows) != list(self._shown):
            self.beginResetModel()
            self._shown = rows
            self.endResetModel()

    def review_row(self, index: Index) -> int:
        """The review's row behind an index of this model."""
        return self._shown[index.row()]

    def place_of(self, row: int) -> QModelIndex:
        """Where a row of the review is shown; an invalid index where the filter holds it back."""
        at = bisect_left(self._shown, row)
        return self.index(at) if at < len(self._shown) and self._shown[at] == row else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - the default is Qt's own
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if (
            not index.isValid()
            or index.row() >= len(self._shown)
            or self.review_row(index) >= len(self._review.entries)
        ):
            return None
        row = self.review_row(index)
        entry = self._review.entries[row]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                said: object = title(entry, row, hide_patient=self._visibility.patient_hidden)
            case study_delegate.WORDS_ROLE:
                said = self._review.rows.words(row)
            case study_delegate.ENTRY_ROLE:
                said = entry
            case Qt.ItemDataRole.ToolTipRole:
                said = self._tip(entry, row)
            case Qt.ItemDataRole.AccessibleTextRole:
                name = title(entry, row, hide_patient=self._visibility.patient_hidden)
                said = f"{name}, {details(entry)}, {self._review.rows.words(row).text}"
            case _:
                said = None
        return said

    def _tip(self, entry: Entry, row: int) -> str:
        words = self._review.rows.words(row).text
        return plain_tip(words if self._visibility.patient_hidden else f"{one_line(entry.path.name)}\n{words}")

    def row_changed(self, key: str) -> None:
        """A picture came for a row."""
        self._row_changed(self._review.row_of(key))

    def _row_changed(self, row: int) -> None:
        index = self.place_of(row)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def _words_changed(self) -> None:
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1), [study_delegate.WORDS_ROLE])

    def _added(self, first: int, last: int) -> None:
        """What a filter says of new rows is read with the next count."""
        if self._filter is Filter.ALL:
            self.beginInsertRows(QModelIndex(), first, last)
            self._shown = range(last + 1)
            self.endInsertRows()


class StudyList(QWidget):
    """The left panel."""

    row_picked = Signal(int)  # of the review

    def __init__(self, review: Review, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._visibility = review.visibility
        self._rows = StudyListModel(review, self)
        self.view = _view(self._rows, StudyDelegate(thumbnails, self))
        self._name = QLabel("Films")
        self._count = QLabel()
        self._nothing = QLabel()
        self.chips = {chosen: QPushButton(chosen.value) for chosen in Filter}
        self._recount = QTimer(self, singleShot=True, interval=RECOUNT_MS)
        self._following = False
        self._lay_out()
        self._connect(thumbnails)
        self._show_counts()

    def _lay_out(self) -> None:
        self.setFixedWidth(WIDTH_PX)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._name.setFont(font("strong"))
        self._name.setTextFormat(Qt.TextFormat.PlainText)  # a folder may be called anything
        self._count.setProperty("tone", "secondary")
        header = QHBoxLayout()
        header.addWidget(self._name, 1)
        header.addWidget(self._count)
        head = QVBoxLayout()
        head.setContentsMargins(LEFT_PX, 12, RIGHT_PX, 8)
        head.setSpacing(8)
        head.addLayout(header)
        head.addLayout(one_of(self.chips.values(), self, CHIPS_GAP_PX))
        self.chips[Filter.ALL].setChecked(True)
        self._nothing.setProperty("tone", "secondary")
        self._nothing.setContentsMargins(16, 8, 16, 0)
        self._nothing.setWordWrap(True)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addWidget(self._nothing)
        whole.addWidget(self.view, 1)

    def _connect(self, thumbnails: Thumbnails) -> None:
        review = self._review
        for chosen, chip in self.chips.items():
            chip.clicked.connect(lambda _=False, chosen=chosen: self._filter_by(chosen))
        self.view.selectionModel().currentChanged.connect(self._current_changed)
        thumbnails.thumbnail_made.connect(self._rows.row_changed)
        self._recount.timeout.connect(self._show_counts)
        later = (review.films_added, review.films_closed, review.film_changed, review.operating_point_moved)
        for changed in (*later, review.scan_changed, review.folder_named, review.visibility.ai_toggled):
            changed.connect(self._recount_soon)
        # Not later: a name that is to be hidden goes at once.
        review.visibility.patient_toggled.connect(self._show_name)
        review.film_selected.connect(self._follow)

    @property
    def settled(self) -> bool:
        """The counts are those of the rows."""
        return not self._recount.isActive()

    def _recount_soon(self, *_: object) -> None:
        if not self._recount.isActive():
            self._recount.start()

    def _filter_by(self, chosen: Filter) -> None:
        self._rows.set_filter(chosen)
        self._show_counts()
        self._follow(self._review.selected)

    def _show_counts(self) -> None:
        if self._rows.filter is not Filter.ALL:
            self._filter_again()
        counts = {chosen: self._review.rows.count(chosen) for chosen in Filter}
        refused = self._review.refused
        for chosen, chip in self.chips.items():
            unknown = chosen is Filter.ALL or (chosen is Filter.FLAGGED and not self._visibility.ai_visible)
            # One chip for every reason: there is no room for a fourth, and each row says which it is.
            name = NO_SCORE if chosen is Filter.REFUSED and counts[chosen] > refused else chosen.value
            chip.setText(name if unknown else f"{name} {counts[chosen]:,}")
            chip.setToolTip("" if unknown else chip.text())
            chip.ensurePolished()  # its size is asked for
        if sum(chip.sizeHint().width() + CHIPS_GAP_PX for chip in self.chips.values()) > CHIPS_PX + CHIPS_GAP_PX:
            self.chips[Filter.REFUSED].setText(self.chips[Filter.REFUSED].text().rpartition(" ")[0])
        total, films = counts[Filter.ALL], counts[Filter.ALL] - refused
        words = "1 film" if films == 1 else f"{films:,} films"
        self._count.setText("Scanning…" if self._review.scanning and not total else words if total else "")
        self._show_name()
        self._nothing.setVisible(bool(total) and not counts[self._rows.filter])
        self._nothing.setText(self._nothing_words())

    def _filter_again(self) -> None:
        """Results come while the reader scrolls: the rows stay where they are on the screen."""
        bar = self.view.verticalScrollBar()
        at_px = bar.value()
        self._rows.read_again()
        self._mark(self._review.selected)
        bar.setValue(at_px)

    def _show_name(self, *_: object) -> None:
        """Folders are named after people: while patient data is hidden, so are they."""
        folder = "" if self._visibility.patient_hidden else one_line(self._review.folder)
        self._name.setText(self.fontMetrics().elidedText(folder or "Films", Qt.TextElideMode.ElideMiddle, 140))

    def _nothing_words(self) -> str:
        if self._rows.filter is Filter.REFUSED:
            return "Nothing was refused."
        return "No film is flagged." if self._visibility.ai_visible else "The AI is hidden; Space shows it."

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        """The reader moved in the list; a filter that moved the current row away did not."""
        if current.isValid() and not self._following:
            self.row_picked.emit(self._rows.review_row(current))

    def _follow(self, row: int) -> None:
        """Show the selected film as the current row, where the filter lets it through."""
        index = self._mark(row)
        if index.isValid():
            self.view.scrollTo(index)

    def _mark(self, row: int) -> QModelIndex:
        index = self._rows.place_of(row)
        self._following = True
        self.view.setCurrentIndex(index)
        self._following = False
        return index


def _view(model: StudyListModel, delegate: StudyDelegate) -> FilmRows:
    view = FilmRows()
    view.setModel(model)
    view.setItemDelegate(delegate)
    view.setAccessibleName("Films")
    return view
