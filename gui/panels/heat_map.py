"""What is painted of the heat map: its threshold, its opacity, its label. No finding depends on any of them."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from gui.films.entries import label_name
from gui.panels.box import PanelBox, label
from gui.panels.track import Track
from gui.review import Review
from gui.second_reader.explaining import Explaining
from gui.second_reader.scores import GRAD_CAM
from gui.second_reader.visibility import OverlaySettings
from gui.theme import PALETTE
from imaging.show.heat_colours import STOPS

BAR_PX = 10
STEPS = 100  # of both scales
USUAL = OverlaySettings()
METHODS = {"grad_cam": "Grad-CAM", "hires_cam": "HiResCAM", "occlusion": "Occlusion (slow)"}
WAYS = {
    "hires_cam": "HiResCAM weights each cell by itself.",
    "occlusion": "Occlusion hides one place after the other and sees how far the score falls.",
}


class ColourBar(Track):
    """The fixed scale of heat, 0 to 1, in the colours of the film; below the mark nothing shows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, STEPS, round(STEPS * USUAL.threshold), parent)
        self.setSingleStep(1)
        self.setPageStep(10)
        self.setAccessibleName("Heat threshold")

    def sizeHint(self) -> QSize:
        return QSize(160, 24)

    def groove_px(self) -> QRectF:
        return QRectF(2, (self.height() - BAR_PX) / 2, self.width() - 4, BAR_PX)

    def paint_groove(self, painter: QPainter, groove: QRectF) -> None:
        bar = groove.adjusted(-2, 0, 2, 0)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for at, colour in enumerate(STOPS):
            gradient.setColorAt(at / (len(STOPS) - 1), QColor(*colour))
        painter.setBrush(gradient)
        painter.setOpacity(1.0 if self.isEnabled() else 0.4)
        painter.drawRoundedRect(bar, 3, 3)
        painter.setOpacity(1.0)

    def paint_handle(self, painter: QPainter) -> None:
        x_px = self.x_of(self.value())
        painter.setBrush(QColor(PALETTE.panel))
        painter.drawRoundedRect(QRectF(x_px - 3.5, 1, 7, self.height() - 2), 3, 3)
        painter.setBrush(QColor(PALETTE.accent if self.hasFocus() else PALETTE.strong))
        painter.drawRoundedRect(QRectF(x_px - 1.5, 2, 3, self.height() - 4), 1.5, 1.5)


class HeatMapPanel(PanelBox):
    """Edits the overlay's settings; words beside each knob say which one it is."""

    def __init__(self, review: Review, explaining: Explaining, parent: QWidget | None = None) -> None:
        super().__init__("Heat map", parent)
        self._review = review
        self._visibility = review.visibility
        self._explaining = explaining
        self.methods = QComboBox()
        self.methods.setAccessibleName("How the heat map is made")
        self.methods.setProperty("kind", "chip")
        self.work = QPushButton()
        self.bar = ColourBar()
        self.opacity = Track(0, STEPS, round(STEPS * USUAL.opacity))
        self.opacity.setAccessibleName("Opacity of the heat map")
        self.labels = QComboBox()
        self.labels.setAccessibleName("Finding whose heat map is shown")
        self._threshold_word = label(tone="secondary")
        self._opacity_word = label(tone="secondary")
        self._sentence = label(tone="secondary", wrap=True)
        self._lay_out()
        self.bar.value_moved.connect(self._threshold_moved)
        self.opacity.value_moved.connect(self._opacity_moved)
        self.labels.activated.connect(self._label_chosen)
        self.methods.activated.connect(lambda index: explaining.choose(str(self.methods.itemData(index))))
        self.work.clicked.connect(self._work_clicked)
        explaining.changed.connect(self.refresh)
        review.visibility.overlay_changed.connect(self.refresh)
        review.film_explained.connect(self.refresh)
        review.operating_point_moved.connect(self.refresh)
        review.model_changed.connect(self._show_labels)
        review.film_selected.connect(self.refresh)
        review.visibility.ai_toggled.connect(self.refresh)
        review.film_changed.connect(self._row_changed)
        self._show_labels()

    def _lay_out(self) -> None:
        scale = QHBoxLayout()
        scale.addWidget(label("0", tone="secondary"))
        scale.addStretch(1)
        scale.addWidget(self._threshold_word)
        scale.addStretch(1)
        scale.addWidget(label("1", tone="secondary"))
        opacity = QHBoxLayout()
        opacity.setSpacing(12)
        opacity.addWidget(label("Opacity", tone="secondary"))
        opacity.addWidget(self.opacity, 1)
        opacity.addWidget(self._opacity_word)
        widest = self._opacity_word.fontMetrics().horizontalAdvance("100 %")
        self._opacity_word.setFixedWidth(widest)  # else the track's end would move with the figure
        self._opacity_word.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.head.addWidget(self.methods)
        self.column.setSpacing(4)
        self.column.addWidget(self.labels)
        self.column.addWidget(self.bar)
        self.column.addLayout(scale)
        self.column.addLayout(opacity)
        self.column.addWidget(self._sentence)
        self.column.addWidget(self.work)

    def _threshold_moved(self, value: int) -> None:
        self._visibility.set_overlay(replace(self._visibility.overlay, threshold=value / STEPS))

    def _opacity_moved(self, value: int) -> None:
        self._visibility.set_overlay(replace(self._visibility.overlay, opacity=value / STEPS))

    def _label_chosen(self, index: int) -> None:
        self._visibility.set_overlay(replace(self._visibility.overlay, label=str(self.labels.itemData(index))))

    def _work_clicked(self) -> None:
        if self._explaining.work is not None:
            self._explaining.stop()
        else:
            self._explaining.start()

    def _row_changed(self, row: int) -> None:
        if row == self._review.selected:
            self.refresh()

    def _show_labels(self) -> None:
        model = self._review.model
        names = model.card.findings if model is not None else ()
        self.labels.clear()
        for name in names:
            self.labels.addItem(label_name(name), name)
        self.labels.setVisible(len(names) > 1)
        self.methods.clear()
        for method in self._explaining.methods:
            self.methods.addItem(METHODS[method], method)
        self.methods.setEnabled(self.methods.count() > 0)
        if not self.methods.count():
            self.methods.addItem(METHODS[GRAD_CAM], GRAD_CAM)
        self.refresh()

    def refresh(self) -> None:
        overlay = self._visibility.overlay
        self.bar.setValue(round(STEPS * overlay.threshold))
        self.opacity.setValue(round(STEPS * overlay.opacity))
        self._threshold_word.setText(f"Heat threshold {overlay.threshold:.2f}")
        self._opacity_word.setText(f"{100 * overlay.opacity:.0f} %")
        entry = self._review.selected_film
        self.labels.setCurrentIndex(max(0, self.labels.findData(self._review.shown_label(entry.key) if entry else "")))
        self.methods.setCurrentIndex(max(0, self.methods.findData(overlay.method)))
        self.work.setText("Stop" if self._explaining.work is not None else "Work the map out")
        self.work.setVisible(
            self._visibility.ai_visible and (self._explaining.work is not None or self._explaining.possible)
        )
        self._sentence.setText(self._words())

    def _words(self) -> str:
        """Whether there is anything to see, and how hot the film is on the scale that holds for all films."""
        if not self._visibility.ai_visible:
            return "The AI is hidden; Space shows it."
        entry = self._review.selected_film
        heatmap = self._review.heatmap(entry.key) if entry is not None else None
        if self._explaining.work is not None or (heatmap is None and self._explaining.possible):
            return self._words_of_work()
        if heatmap is None:
            return "The colours have the same meaning on every film."
        peak = max(0.0, float(heatmap.raw.max())) / heatmap.scale
        overlay = self._visibility.overlay
        more = "" if overlay.shown else " G shows the map."
        if peak < overlay.threshold:
            more = " Nothing reaches the threshold."
        return f"Hottest point {peak:.2f} on the scale of all films.{more}"

    def _words_of_work(self) -> str:
        """How far a map is that has to be worked out first, or what it takes."""
        work, method = self._explaining.work, self._visibility.overlay.method
        if work is None:
            return " ".join(part for part in (self._explaining.message, WAYS.get(method, "")) if part)
        if not work.done:
            return f"{WAYS.get(method, '')} Waiting for its turn…"
        return f"{WAYS.get(method, '')} {work.done:,} of {work.runs:,} looks at the film."
