"""What the model sees: the network's input, pixel by pixel, beside the film that it was made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QColor, QHideEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.films.seen import READING, Seen
from gui.films.thumbnails import to_qimage
from gui.panels.box import label
from gui.theme import PALETTE, font

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BOX_PX = 480
MARGIN_PX = 24
TITLE = "What the model sees"
PLACE = "The frame on the film shows where it lies."


class ExactPicture(QWidget):
    """A square of grey pixels, each a whole number of device pixels wide: nothing is smoothed, nothing left out."""

    grey_pointed_at = Signal(str)  # 'x 3  y 5 · 128', '' beside the picture

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grey: npt.NDArray[np.uint8] | None = None
        self._image = QImage()
        self._message = ""
        self.setFixedSize(BOX_PX, BOX_PX)
        self.setMouseTracking(True)
        self.setAccessibleName("The network's input")

    def show_grey(self, grey: npt.NDArray[np.uint8] | None, message: str = "") -> None:
        """uint8 [S, S], or words in its place."""
        self._grey, self._message = grey, message
        self._image = QImage() if grey is None else to_qimage(grey)
        self.setAccessibleDescription(message)
        self.grey_pointed_at.emit("")
        self.update()

    @property
    def device_rect(self) -> QRectF:
        """Where the picture is painted, in device pixels of the widget."""
        box = round(BOX_PX * self.devicePixelRatioF())
        side = max(box // max(self._image.width(), 1), 1) * self._image.width()
        start = max((box - side) // 2, 0)
        return QRectF(start, start, side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(PALETTE.background))
        if self._grey is None:
            painter.setPen(QColor(PALETTE.secondary))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(MARGIN_PX, 0, -MARGIN_PX, 0), flags, self._message)
            return
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)
        painter.drawImage(self.device_rect, self._image)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.grey_pointed_at.emit(self._words_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self.grey_pointed_at.emit("")

    def _words_at(self, at: QPointF) -> str:
        rect, at_device = self.device_rect, at * self.devicePixelRatioF()
        if self._grey is None or not rect.contains(at_device):
            return ""
        pixel_px = rect.width() / self._image.width()
        x, y = (int((value - rect.x()) / pixel_px) for value in (at_device.x(), at_device.y()))
        last = self._image.width() - 1
        x, y = min(x, last), min(y, last)
        return f"x {x}  y {y} · {int(self._grey[y, x])}"


class SeenDialog(QDialog):
    """Stays open beside the window and follows the film and the model. The keys of `actions` work in it too."""

    shown_changed = Signal(bool)

    def __init__(self, seen: Seen, actions: Iterable[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seen = seen
        self.setWindowTitle(TITLE)
        self.addActions(list(actions))
        self.picture = ExactPicture()
        self.words = label(tone="secondary", wrap=True)
        self.pointed_at = label(tone="secondary")
        self._lay_out()
        self.picture.grey_pointed_at.connect(self.pointed_at.setText)
        seen.changed.connect(self.refresh)

    def _lay_out(self) -> None:
        head = QLabel(TITLE)
        head.setFont(font("title"))
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setFixedWidth(BOX_PX)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setMinimumHeight(4 * self.words.fontMetrics().lineSpacing())  # the longest: nothing jumps
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.pointed_at, 1)
        foot.addWidget(buttons)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, 16)
        whole.setSpacing(16)
        for widget in (head, self.picture, self.words):
            whole.addWidget(widget)
        whole.addLayout(foot)
        whole.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)

    def refresh(self) -> None:
        """Show what is known now. While the next film is read, the words of this one stay where they are."""
        film = self._seen.film
        self.picture.show_grey(None if film is None else film.grey, self._seen.message)
        if film is not None:
            self.words.setText(" ".join((*film.words, PLACE)))
        elif self._seen.message != READING:
            self.words.setText("")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._seen.watch(True)
        self.shown_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._seen.watch(False)
        self.shown_changed.emit(False)
