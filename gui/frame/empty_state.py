"""What the window shows before any film is open: where to drop, what to open, films to practise on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.frame.icons import pixmap
from gui.frame.plain import one_line, plain_tip
from gui.panels.box import label
from gui.theme import PALETTE, font

ICON_PX = 40
RECENT_SHOWN = 4
RECENT_PX = 320  # a folder's name may be longer than the window is wide
_MIDDLE = Qt.TextElideMode.ElideMiddle


class EmptyState(QWidget):
    """Lies over the empty view."""

    recent_picked = Signal(object)  # Path

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "background")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.buttons = {
            name: _button(actions[name], kind)
            for name, kind in (("open_folder", "primary"), ("open_files", ""), ("practice", ""))
        }
        self._recent = QVBoxLayout()
        self._recent_box = QWidget()
        self._paths: tuple[Path, ...] = ()
        self._hidden = False
        self._lay_out()
        self.show_recent(())

    def _lay_out(self) -> None:
        self._picture = QLabel()
        self._picture.setFixedHeight(ICON_PX)
        title = label("Drop films here", tone="strong")
        title.setFont(font("title"))
        detail = label("DICOM, PNG, JPEG or TIFF: files, or whole folders", tone="secondary")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button in self.buttons.values():
            buttons.addWidget(button)
        buttons.addStretch(1)
        recent = QVBoxLayout(self._recent_box)
        recent.setContentsMargins(0, 0, 0, 0)
        head = label("RECENT", tone="secondary")
        head.setFont(font("heading"))
        head.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        recent.addWidget(head)
        recent.addLayout(self._recent)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 24, 24, 24)
        whole.setSpacing(8)
        whole.addStretch(2)
        for widget in (self._picture, title, detail):
            widget.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            whole.addWidget(widget)
        whole.addSpacing(16)
        whole.addLayout(buttons)
        whole.addSpacing(24)
        whole.addWidget(self._recent_box)
        whole.addStretch(3)
        use = label("Research use, not a medical device.", tone="secondary")
        use.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        whole.addWidget(use)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture.pixmap().isNull():
            self._picture.setPixmap(pixmap("drop", PALETTE.accent, ICON_PX, self.devicePixelRatioF()))
        super().paintEvent(event)

    def hide_recent(self, hidden: bool) -> None:
        """Folders are named after people: while patient data is hidden, so are they."""
        self._hidden = hidden
        self.show_recent(self._paths)

    def show_recent(self, paths: Sequence[Path]) -> None:
        """The folders that were opened last."""
        self._paths = tuple(paths)
        while self._recent.count():
            item = self._recent.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        shown = () if self._hidden else self._paths[:RECENT_SHOWN]
        self._recent_box.setVisible(bool(shown))
        for path in shown:
            name = one_line(path.name or str(path))
            button = QPushButton(self.fontMetrics().elidedText(name, _MIDDLE, RECENT_PX).replace("&", "&&"))
            button.setProperty("kind", "quiet")
            button.setToolTip(plain_tip(str(path)))
            button.clicked.connect(lambda _=False, path=path: self.recent_picked.emit(path))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)


class DropVeil(QWidget):
    """A frame over the whole window while something that can be opened is held above it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(PALETTE.accent), 2))
        painter.drawRoundedRect(self.rect().adjusted(3, 3, -3, -3), 6, 6)


def _button(action: QAction, kind: str) -> QPushButton:
    button = QPushButton(action.text())
    button.setProperty("kind", kind)
    button.setIcon(action.icon() if kind != "primary" else button.icon())
    button.clicked.connect(action.trigger)
    return button
