"""The right column: findings, sensitivity, heat map, and the model at its foot. It scrolls when the window is short."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

P = TypeVar("P", bound=QWidget)
WIDTH_PX = 330


class SideColumn(QScrollArea):
    """Stacks panels; the last one is kept at the bottom."""

    def __init__(self, panels: dict[str, QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._panels = panels
        self.setFixedWidth(WIDTH_PX)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # The scroll bar comes and goes over the margin, so that no text moves when a result makes the column longer.
        across = self.horizontalScrollBar()
        across.valueChanged.connect(lambda _: across.setValue(0))
        content = QWidget()
        content.setMinimumWidth(WIDTH_PX)
        content.setProperty("surface", "panel")
        content.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(0)
        *upper, foot = panels.values()
        for panel in upper:
            column.addWidget(panel)
        column.addStretch(1)
        column.addWidget(foot)
        self.setWidget(content)

    def panel(self, name: str) -> QWidget:
        """The panel of this name."""
        return self._panels[name]

    def of(self, kind: type[P]) -> P:
        """The one panel of this class."""
        return next(panel for panel in self._panels.values() if isinstance(panel, kind))

    def show_panel(self, name: str, shown: bool) -> None:
        """Open or close one panel; the column goes when none is left."""
        self._panels[name].setVisible(shown)
        self.setVisible(any(not panel.isHidden() for panel in self._panels.values()))
