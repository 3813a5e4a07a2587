"""Augmentation, on or off, and what it makes of films of this very folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QPushButton, QSizePolicy, QWidget

from gui.films.thumbnails import to_qimage
from gui.jobs import JobHandle, Lane
from gui.panels.box import label
from gui.theme import PALETTE, font
from gui.training import Training
from gui.training_work import changed_films
from gui.wizard.card import Card

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from training.learn.augment_spec import AugmentSpec
    from training.plan import TrainingPlan

SHOWN, PICTURE_PX, GAP_PX = 6, 132, 8
SETTLE_MS = 250
OFF = "The films are learnt from as they are."
WAIT = "Drawing…"
PRIORITY = 3


class Pictures(QWidget):
    """Six films side by side, each as large as there is room for; a line of words while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.images: list[QImage] = []
        self.words = ""
        self.setFixedHeight(PICTURE_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Films as training sees them")

    def show_images(self, images: list[QImage], words: str) -> None:
        self.images, self.words = images, words
        self.setAccessibleDescription(words or f"{len(images)} films, each changed a little")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(SHOWN * (PICTURE_PX + GAP_PX), PICTURE_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = min(PICTURE_PX, (self.width() - (SHOWN - 1) * GAP_PX) // SHOWN)
        for number, image in enumerate(self.images):
            painter.drawImage(QRect(number * (side + GAP_PX), 0, side, side), image)
        if self.words and not self.images:
            field = QRect(0, 0, SHOWN * (side + GAP_PX) - GAP_PX, side)
            painter.fillRect(field, QColor(PALETTE.background))
            painter.setFont(font())
            painter.setPen(QColor(PALETTE.secondary))
            painter.drawText(field, Qt.AlignmentFlag.AlignCenter, self.words)


class AugmentCard(Card):
    """Nothing is drawn while the page is not shown."""

    switched = Signal(bool)

    def __init__(self, training: Training) -> None:
        super().__init__("Augmentation")
        self._training = training
        self._spec: AugmentSpec | None = None
        self._drawn: object = None  # what the pictures were drawn from
        self._seed = 1
        self._job: JobHandle | None = None
        self.on = QCheckBox("Change each film a little each time: place, exposure, sharpness, noise; never flipped")
        self.again = QPushButton("Draw again")
        self.again.setProperty("kind", "chip")
        self.head.addWidget(self.again)
        self.trouble = label(tone="red", wrap=True)
        self.trouble.hide()
        self.pictures = Pictures()
        for widget in (self.on, self.pictures, self.trouble):
            self.column.addWidget(widget)
        self._soon = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._soon.timeout.connect(self._draw)
        self.on.clicked.connect(self.switched)
        self.again.clicked.connect(self._draw_others)

    def show_plan(self, plan: TrainingPlan) -> None:
        quick = plan.network.mode == "quick"
        self._spec = plan.augment
        self.on.setChecked(plan.augment is not None)
        self.on.setEnabled(not quick)
        self.word.setText("Quick training looks at each film once, as it is" if quick else "")
        self.again.setEnabled(plan.augment is not None)
        for widget in (self.again, self.pictures):
            widget.setVisible(not quick)
        if plan.augment is None:
            self.rest()
            self._drawn = None
            self.pictures.show_images([], OFF)
        elif self.isVisible() and self._drawn != self._wanted():
            self._soon.start()

    def rest(self) -> None:
        """Draw nothing any more."""
        self._soon.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _wanted(self) -> object:
        return (self._spec, self._seed, id(self._training.found))

    def _draw_others(self) -> None:
        self._seed += 1
        self._draw()

    def _draw(self) -> None:
        found, spec, seed = self._training.found, self._spec, self._seed
        self.rest()
        if found is None or spec is None:
            return
        wanted = self._wanted()
        if not self.pictures.images:
            self.pictures.show_images([], WAIT)
        self._job = self._training.jobs.submit(
            Lane.MODEL,
            lambda token, progress: changed_films(found.inspection, spec, seed, SHOWN),
            done=lambda films: self._show(wanted, films),
            failed=lambda error: self.pictures.show_images([], error.message),
            priority=PRIORITY,
        )

    def _show(self, wanted: object, films: list[npt.NDArray[np.uint8]]) -> None:
        self._job = None
        self._drawn = wanted
        self.pictures.show_images([to_qimage(film) for film in films], "")
