"""The manual in a window of its own: the list of pages, a search field, and the page. It opens no address elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.frame.icons import icon
from gui.jobs import Jobs, Lane
from gui.manual.page_view import PageView, Prepared
from gui.manual.pages import Page, found, read_manual, without_pictures
from gui.panels.box import rule, upright
from imaging.errors import NegatoscopeError
from imaging.paths import manual_path

USUAL_PX, MINIMUM_PX = (1120, 800), (720, 480)
LIST_PX = 232
FIRST = "index"


class ManualWindow(QWidget):
    """Not modal; closed, it only hides. Pages are read on the io lane when they are first asked for."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._jobs = jobs
        self._pages: dict[str, Page] = {}
        self._past: list[str] = []
        self._wanted = ""
        self.topic = ""  # what is shown, as in 'training#data'
        self.view = PageView()
        self.list = QListWidget()
        self.search = QLineEdit()
        self.back, self.save = QPushButton("Back"), QPushButton("Save as PDF…")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.setWindowTitle("Negatoscope: manual")
        self.setMinimumSize(*MINIMUM_PX)
        self.resize(*USUAL_PX)
        self.setProperty("surface", "background")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.search.setPlaceholderText("Search the manual")
        self.search.setAccessibleName("Search the manual")
        self.search.setClearButtonEnabled(True)
        self.back.setIcon(icon("chevron-left"))
        for button in (self.back, self.save):
            button.setEnabled(False)
        self.setFocusProxy(self.view)  # so that the keys scroll
        self.list.setAccessibleName("Pages")
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setStyleSheet("QListWidget::item { padding-left: 8px; border-radius: 6px }")
        self.list.setSpacing(1)
        side = QWidget()
        side.setFixedWidth(LIST_PX)
        side.setProperty("surface", "panel")
        side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(side)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addWidget(rule())
        column.addWidget(self.save)
        column.addWidget(self.back)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(side)
        whole.addWidget(upright())
        whole.addWidget(self.view, 1)

    def _connect(self) -> None:
        self.list.currentItemChanged.connect(self._picked)
        self.view.anchorClicked.connect(lambda url: self.show_topic(self._resolved(url.toString())))
        self.search.textChanged.connect(self._list_pages)
        self.search.returnPressed.connect(self._find_next)
        self.back.clicked.connect(self.go_back)
        self.save.clicked.connect(self._ask_where)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Back), self, self.go_back)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.search.setFocus)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)

    @property
    def pages(self) -> Mapping[str, Page]:
        """Every page; none before they were read."""
        return self._pages

    @property
    def settled(self) -> bool:
        """What was asked for last is on screen."""
        return bool(self.topic) and self.topic == self._wanted

    def show_topic(self, topic: str = FIRST) -> None:
        """Show a page, or a heading on it: 'training', 'training#films'."""
        if self.topic and self.topic != topic:
            self._past.append(self.topic)
        self._ask_for(topic)

    def go_back(self) -> None:
        """The page before."""
        if self._past:
            self._ask_for(self._past.pop())

    def _ask_for(self, topic: str) -> None:
        self._wanted = topic
        self.back.setEnabled(bool(self._past))
        known = self._pages
        self._jobs.submit(
            Lane.IO,
            lambda token, progress: prepare(topic.partition("#")[0], known),
            done=lambda read: self._show(topic, *read),
            failed=self._failed,
            words="Opening the manual…",
        )

    def _show(self, topic: str, pages: dict[str, Page], prepared: Prepared) -> None:
        if topic != self._wanted:
            return
        if not self._pages:
            self._pages = pages
            self._list_pages()
        self.topic = topic
        self.save.setEnabled(True)
        self._mark()
        self.view.show_page(prepared)
        if "#" in topic:
            self.view.scrollToAnchor(topic.partition("#")[2])

    def _ask_where(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        name, _ = QFileDialog.getSaveFileName(self, "This page for printing", f"{self.page.name}.pdf", "PDF (*.pdf)")
        if name:
            self.save_pdf(Path(name))

    def save_pdf(self, target: Path) -> None:
        """Lay the page out for A4 and write it in the background."""
        from gui.manual.printed import as_pdf

        content = as_pdf(self.page, self.view.pictures)
        self._jobs.submit(Lane.IO, lambda token, progress: write(target, content), failed=self._not_saved)

    @property
    def page(self) -> Page:
        """The page on screen. Raises KeyError before the first is."""
        return self._pages[self.topic.partition("#")[0]]

    def _not_saved(self, error: NegatoscopeError) -> None:
        from gui.dialogs.message import message_dialog

        message_dialog(error.message, self).open()

    def _failed(self, error: NegatoscopeError) -> None:
        self.view.setPlainText(error.message)

    def _resolved(self, target: str) -> str:
        """'scores.md#gate' as 'scores#gate'; '#gate' belongs to the page on screen."""
        page, _, anchor = target.partition("#")
        name = page.removesuffix(".md") or self.topic.partition("#")[0]
        return f"{name}#{anchor}" if anchor else name

    def _list_pages(self) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for name in found(self._pages, self.search.text()):
            item = QListWidgetItem(self._pages[name].title)
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setSizeHint(QSize(0, 32))
            self.list.addItem(item)
        self.list.blockSignals(False)
        self._mark()

    def _mark(self) -> None:
        """The list points at the page on screen."""
        self.list.blockSignals(True)
        name = self.topic.partition("#")[0]
        rows = [row for row in range(self.list.count()) if self.list.item(row).data(Qt.ItemDataRole.UserRole) == name]
        self.list.setCurrentRow(rows[0] if rows else -1)
        self.list.blockSignals(False)

    def _picked(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.show_topic(str(item.data(Qt.ItemDataRole.UserRole)))

    def _find_next(self) -> None:
        """The next place of the word on this page; else the first page of the list that holds it."""
        words = self.search.text().strip()
        names = [self.list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.list.count())]
        if names and self.topic.partition("#")[0] not in names:
            self.show_topic(str(names[0]))
        elif words and not self.view.find(words):
            cursor = self.view.textCursor()
            cursor.setPosition(0)
            self.view.setTextCursor(cursor)
            self.view.find(words)


# On a worker's thread.


def prepare(name: str, known: Mapping[str, Page]) -> tuple[dict[str, Page], Prepared]:
    """All pages, and one of them with its pictures; a picture that was not made shows its words. Raises
    NegatoscopeError for a manual that is not there.
    """
    pages = dict(known) or read_manual()
    page = pages.get(name) or pages[FIRST]
    images = {picture: QImage(str(manual_path(picture))) for picture in page.pictures}
    made = {picture: image for picture, image in images.items() if not image.isNull()}
    return pages, Prepared(without_pictures(page, set(images) - set(made)), made)


def write(target: Path, content: bytes) -> None:
    """Raises NegatoscopeError."""
    try:
        target.write_bytes(content)
    except OSError as error:
        sentence = "The page can't be written there. Choose another folder."
        raise NegatoscopeError(sentence, detail=type(error).__name__) from error
